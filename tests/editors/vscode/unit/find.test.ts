import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findServer, type Surroundings } from '../../../../editors/vscode/src/server/find'

const around = (programs: string[], more: Partial<Surroundings> = {}): Surroundings => ({
  setting: '', extensionPath: '/ext', platform: 'linux', environment: { PATH: '/usr/bin:/opt/bin' }, homedir: '/home/me',
  runs: (file) => programs.includes(file), ...more,
})

test('the setting wins over the program in the package and over PATH', () => {
  const all = ['/mine/qls', '/ext/bin/qwen-language-server', '/usr/bin/qwen-language-server']
  assert.deepEqual(findServer(around(all, { setting: '/mine/qls' })), { kind: 'found', path: '/mine/qls', from: 'setting' })
  assert.deepEqual(findServer(around(all)), { kind: 'found', path: '/ext/bin/qwen-language-server', from: 'extension' })
  assert.deepEqual(findServer(around(all.slice(2))), { kind: 'found', path: '/usr/bin/qwen-language-server', from: 'path' })
  assert.deepEqual(findServer(around([])), { kind: 'missing' })
})

test('a setting that names no program is an error, not a reason to start another one', () => {
  const found = findServer(around(['/usr/bin/qwen-language-server'], { setting: '/gone' }))
  assert.deepEqual(found, { kind: 'wrongSetting', path: '/gone' })
})

test('a setting may begin with ~/ or be a name on PATH', () => {
  assert.deepEqual(findServer(around(['/home/me/qls'], { setting: '~/qls' })), { kind: 'found', path: '/home/me/qls', from: 'setting' })
  assert.deepEqual(findServer(around(['/opt/bin/qls'], { setting: 'qls' })), { kind: 'found', path: '/opt/bin/qls', from: 'setting' })
})

test('a relative path is refused: it would be another program in each project', () => {
  assert.deepEqual(findServer(around(['./qls', 'bin/qls'], { setting: 'bin/qls' })), { kind: 'wrongSetting', path: 'bin/qls' })
})

test('the current folder on PATH is skipped: a project could fill it', () => {
  const environment = { PATH: ':.:bin:/usr/bin' }
  const programs = ['qwen-language-server', './qwen-language-server', 'bin/qwen-language-server']
  assert.deepEqual(findServer(around(programs, { environment })), { kind: 'missing' })
})
