// What a program's own header says: for which platform it was made, and whether it has debug information. Pure.

/** VS Code's names of platforms, by what runs there. */
const TARGETS = {
  'win32-x64': ['windows', 'x64'], 'win32-arm64': ['windows', 'arm64'],
  'darwin-x64': ['macos', 'x64'], 'darwin-arm64': ['macos', 'arm64'],
  'linux-x64': ['linux', 'x64'], 'linux-arm64': ['linux', 'arm64'], 'linux-armhf': ['linux', 'arm'],
  'alpine-x64': ['linux', 'x64'], 'alpine-arm64': ['linux', 'arm64'],
}

/**
 * Why a program does not belong into a package for `target`; none: it does. `path`: a debug build for Windows or macOS
 * keeps what tells it apart in other files, so there only the folder tells.
 * @param {Uint8Array} bytes
 * @param {string} target
 * @param {string} path
 * @param {{ otherPlatform?: boolean | undefined, debug?: boolean | undefined }} [allowed]
 * @returns {string | undefined}
 */
export function objection(bytes, target, path, allowed = {}) {
  const wanted = TARGETS[target]
  if (!wanted) return `${target} is none of ${Object.keys(TARGETS).join(', ')}`
  const program = describe(bytes)
  if (!program) return `${path} is no program for Linux, macOS or Windows`
  const [system, processor] = wanted
  const otherPlatform = () => {
    if (program.system !== system || !program.processors.includes(processor)) return `for ${program.system} on ${program.processors.join(' and ')}`
    // Alpine has musl in place of glibc. A program without a loader of its own needs neither.
    const isAlpine = target.startsWith('alpine')
    return program.loader !== undefined && program.loader.includes('musl') !== isAlpine ? `loaded by ${program.loader}` : undefined
  }
  const other = allowed.otherPlatform ? undefined : otherPlatform()
  if (other !== undefined) return `${path} is ${other}, not for ${target}; --other-platform packs it all the same`
  const debug = program.debug || path.split(/[\\/]/).includes('debug')
  return debug && !allowed.debug ? `${path} is a debug build, or was not stripped: pack what cargo build --release makes; --debug packs it all the same` : undefined
}

/**
 * What is known of a program; none where it is none of a known kind.
 * @param {Uint8Array} bytes
 * @returns {{ system: string, processors: string[], loader?: string, debug: boolean } | undefined}
 */
export function describe(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.byteLength < 64) return undefined
  const magic = view.getUint32(0)
  if (magic === 0x7f454c46) return elf(view)
  if (magic === 0xcffaedfe) return { system: 'macos', processors: [mac(view.getUint32(4, true))], debug: false }
  // One file for several processors.
  if (magic === 0xcafebabe) {
    const count = Math.min(view.getUint32(4), 2)
    return { system: 'macos', processors: Array.from({ length: count }, (_, at) => mac(view.getUint32(8 + at * 20))), debug: false }
  }
  if (view.getUint16(0) === 0x4d5a) {
    const at = view.getUint32(0x3c, true)
    if (at + 6 > view.byteLength || view.getUint32(at) !== 0x50450000) return undefined
    return { system: 'windows', processors: [{ 0x8664: 'x64', 0xaa64: 'arm64' }[view.getUint16(at + 4, true)] ?? 'another processor'], debug: false }
  }
  return undefined
}

const mac = (type) => ({ 0x01000007: 'x64', 0x0100000c: 'arm64' })[type] ?? 'another processor'

/** ELF: the loader is named by the segment PT_INTERP, and what is not stripped has a section `.debug_info`. */
function elf(view) {
  const wide = view.getUint8(4) === 2
  const processors = [{ 62: 'x64', 183: 'arm64', 40: 'arm' }[view.getUint16(18, true)] ?? 'another processor']
  const word = (at) => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true))
  const text = (at, length) => new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length))
  const [segments, sections] = wide ? [word(32), word(40)] : [word(28), word(32)]
  const [segmentSize, segmentCount, sectionSize, sectionCount, names] = [54, 56, 58, 60, 62].map((at) => view.getUint16(wide ? at : at - 12, true))

  let loader
  for (let at = segments; at < segments + segmentCount * segmentSize; at += segmentSize) {
    if (view.getUint32(at, true) === 3) loader = wide ? text(word(at + 8), word(at + 32) - 1) : text(word(at + 4), word(at + 16) - 1)
  }
  let debug = false
  if (sectionCount > 0) {
    const offset = (at) => (wide ? word(at + 24) : word(at + 16))
    const strings = offset(sections + names * sectionSize)
    for (let at = 0; at < sectionCount; at += 1) debug ||= text(strings + view.getUint32(sections + at * sectionSize, true), 11) === '.debug_info'
  }
  return { system: 'linux', processors, ...(loader === undefined ? {} : { loader }), debug }
}
