/** The types of `src/protocol.ts` are those of the page that the server is built against, and its messages fit them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const extension = process.env['EXTENSION'] ?? ''
const page = readFileSync(join(extension, '../PROTOCOL.md'), 'utf8')
const blocks = (language: string) => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text ?? '')

/** Types that the page takes from LSP or from OpenAI's API, and leaves undefined. */
const borrowed = 'DocumentUri, ProgressToken, Range, ContentPart, Tool, ToolCall, ToolCallDelta'

function compile(name: string, lines: string[]): string {
  const folder = join(extension, 'src', 'golden')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, lines.join('\n'))
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--target', 'es2022', '--moduleResolution', 'node16', '--module', 'node16']
  return spawnSync(process.execPath, [join(extension, 'node_modules/typescript/bin/tsc'), ...options, file], { encoding: 'utf8' }).stdout
}

test("each type is the page's, in both directions", () => {
  const types = ['AuthParams', 'AuthStatus', 'Origin', 'ChatParams', 'Message', 'ChatResult', 'ChatDelta', 'ErrorData', 'ErrorKind']
  const complaints = compile('page', [
    `import type * as ours from '../protocol'`, `import type { ${borrowed} } from '../protocol'`, 'export namespace page {',
    ...blocks('ts').map((text) => text.replace(/^(interface|type) /gm, 'export $1 ')), '}',
    ...types.flatMap((type) => [`export const to${type} = (given: ours.${type}): page.${type} => given`, `export const from${type} = (given: page.${type}): ours.${type} => given`]),
  ])
  assert.equal(complaints, '')
})

test('a type that differs from the page is noticed', () => {
  const complaints = compile('wrong', [`import type * as ours from '../protocol'`, 'export const wrong = (given: ours.AuthStatus): { state: "signedIn" } => given'])
  assert.match(complaints, /wrong\.ts/)
})

// A file's name begins with its type's: `AuthStatus.signed-in.json`.
const folder = join(extension, '../../tests/protocol')
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []

test('every golden message fits its type', { skip: files.length === 0 && 'tests/protocol has none' }, () => {
  const named = files.map((name) => ({ type: name.split('.', 1)[0] ?? '', json: readFileSync(join(folder, name), 'utf8') }))
  const complaints = compile('messages', [`import type * as ours from '../protocol'`, ...named.map(({ type, json }, at) => `export const message${at}: ours.${type} = ${json}`)])
  assert.equal(complaints, '')
})
