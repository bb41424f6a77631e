import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const extension = process.env['EXTENSION'] ?? ''
const read = (path: string) => readFileSync(join(extension, path), 'utf8')
const json = <T>(path: string) => JSON.parse(read(path)) as T
const sources = readdirSync(join(extension, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).map((path) => read(join('src', path))).join('\n')

interface Manifest {
  contributes: {
    commands: { command: string }[]
    configuration: { properties: Record<string, { scope: string }> }
  }
  capabilities: { untrustedWorkspaces: { supported: unknown } }
}
const manifest = json<Manifest>('package.json')

test('every sentence of the extension is there in every language, with the same places for values', () => {
  const used = new Set([...sources.matchAll(/(?<![\w.])t\(\s*'((?:[^'\\]|\\.)*)'/g)].map(([, text]) => text ?? ''))
  assert.ok(used.size > 100)
  const places = (text: string) => (text.match(/\{\d\}/g) ?? []).sort().join()
  for (const language of ['zh-cn', 'fr']) {
    const bundle = json<Record<string, string>>(`l10n/bundle.l10n.${language}.json`)
    assert.deepEqual(new Set(Object.keys(bundle)), used, language)
    for (const [english, other] of Object.entries(bundle)) assert.equal(places(other), places(english), `${language}: ${english}`)
  }
})

test('every name of the manifest is there in every language', () => {
  const used = new Set([...read('package.json').matchAll(/"%([\w.]+)%"/g)].map(([, name]) => name))
  for (const file of ['package.nls.json', 'package.nls.zh-cn.json', 'package.nls.fr.json']) {
    assert.deepEqual(new Set(Object.keys(json<object>(file))), used, file)
  }
})

test('every command of the manifest is registered by the extension', () => {
  for (const { command } of manifest.contributes.commands) assert.ok(sources.includes(`'${command}': `), command)
})

test("no command has the name of one of the server's, which VS Code registers as well", () => {
  for (const { command } of manifest.contributes.commands) assert.ok(command.startsWith('qwenls.'), command)
})

test('a workspace decides neither which program runs nor where a key goes', () => {
  const { properties } = manifest.contributes.configuration
  for (const name of ['qwen.server.path', 'qwen.openai.baseUrl', 'qwen.trustedEndpoints', 'qwen.credentialStore']) {
    assert.equal(properties[name]?.scope, 'machine', name)
  }
  assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited')
})

test('no setting holds a key', () => {
  for (const name of Object.keys(manifest.contributes.configuration.properties)) assert.doesNotMatch(name, /key|token|secret|password/i)
})

test('the pictures and pages that the manifest and the README name are there', () => {
  const named = [...`${read('package.json')}\n${read('README.md')}`.matchAll(/(?:"|\()((?:images|walkthrough)\/[\w.-]+)/g)].map(([, path]) => path ?? '')
  assert.ok(named.length > 5)
  for (const path of named) assert.ok(existsSync(join(extension, path)), path)
})

test('the lock file names no registry', () => {
  assert.doesNotMatch(read('package-lock.json'), /https?:\/\/[^"]*\.tgz/)
})
