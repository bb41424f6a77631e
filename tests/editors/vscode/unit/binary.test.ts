import assert from 'node:assert/strict'
import { test } from 'node:test'
import { objection } from '../../../../editors/vscode/scripts/binary.mjs'

/** As much of an ELF file as tells its platform: a loader, and a section's name. */
function elf({ machine = 62, loader = '/lib64/ld-linux-x86-64.so.2', section = '.text' } = {}): Uint8Array {
  const bytes = Buffer.alloc(512)
  bytes.write('\x7fELF\x02\x01', 'latin1')
  bytes.writeUInt16LE(machine, 18)
  bytes.writeBigUInt64LE(64n, 32) // segments
  bytes.writeBigUInt64LE(128n, 40) // sections
  for (const [at, value] of [[54, 56], [56, loader === '' ? 0 : 1], [58, 64], [60, 2], [62, 1]] as const) bytes.writeUInt16LE(value, at)
  bytes.writeUInt32LE(3, 64)
  bytes.writeBigUInt64LE(300n, 72)
  bytes.writeBigUInt64LE(BigInt(loader.length + 1), 96)
  bytes.write(loader, 300)
  bytes.writeBigUInt64LE(400n, 128 + 64 + 24) // the names, which the second section holds
  bytes.write(`${section}\0`, 400)
  return bytes
}

function pe(machine: number): Uint8Array {
  const bytes = Buffer.alloc(128)
  bytes.write('MZ')
  bytes.writeUInt32LE(64, 0x3c)
  bytes.write('PE\0\0', 64, 'latin1')
  bytes.writeUInt16LE(machine, 68)
  return bytes
}

function mach(...types: number[]): Uint8Array {
  const bytes = Buffer.alloc(128)
  if (types.length === 1) {
    bytes.writeUInt32LE(0xfeedfacf, 0)
    bytes.writeUInt32LE(types[0] ?? 0, 4)
  } else {
    bytes.writeUInt32BE(0xcafebabe, 0)
    bytes.writeUInt32BE(types.length, 4)
    types.forEach((type, at) => bytes.writeUInt32BE(type, 8 + at * 20))
  }
  return bytes
}

const musl = '/lib/ld-musl-x86_64.so.1'

test('a package takes the program of its own platform', () => {
  for (const [bytes, target] of [
    [elf(), 'linux-x64'], [elf({ machine: 183 }), 'linux-arm64'], [elf({ loader: musl }), 'alpine-x64'], [elf({ loader: '' }), 'linux-x64'],
    [elf({ loader: '' }), 'alpine-x64'], [pe(0x8664), 'win32-x64'], [pe(0xaa64), 'win32-arm64'], [mach(0x0100000c), 'darwin-arm64'],
    [mach(0x01000007, 0x0100000c), 'darwin-arm64'],
  ] as const) assert.equal(objection(bytes, target, '/build/release/server'), undefined, target)
})

test('a package refuses the program of another platform, unless that is asked for', () => {
  for (const [bytes, target, why] of [
    [elf(), 'linux-arm64', /for linux on x64, not for linux-arm64/], [elf(), 'darwin-x64', /for linux on x64/], [elf(), 'alpine-x64', /loaded by .*ld-linux/],
    [elf({ loader: musl }), 'linux-x64', /loaded by .*ld-musl/], [pe(0xaa64), 'win32-x64', /for windows on arm64/], [mach(0x01000007), 'darwin-arm64', /for macos on x64/],
  ] as const) {
    assert.match(objection(bytes, target, '/build/release/server') ?? '', why)
    assert.equal(objection(bytes, target, '/build/release/server', { otherPlatform: true }), undefined)
  }
  assert.match(objection(elf(), 'linux', '/s') ?? '', /none of win32-x64/)
  assert.match(objection(Buffer.alloc(100), 'linux-x64', '/s') ?? '', /no program/)
})

test('a package refuses a debug build, unless that is asked for', () => {
  for (const [bytes, target, path] of [
    [elf({ section: '.debug_info' }), 'linux-x64', '/build/server'], [pe(0x8664), 'win32-x64', 'C:\\target\\debug\\server.exe'], [mach(0x01000007), 'darwin-x64', '/target/debug/server'],
  ] as const) {
    assert.match(objection(bytes, target, path) ?? '', /debug build/)
    assert.equal(objection(bytes, target, path, { debug: true }), undefined)
  }
})
