/** The types of `src/protocol.ts` are those of the page that the server is built against, and its messages fit them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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

interface Wire { id?: number; method?: string; params?: { value?: unknown }; result?: unknown; error?: { data?: unknown } }
const byMethod: Record<string, [params: string, result: string]> = {
  'qwen/auth': ['AuthParams', 'AuthStatus'],
  'qwen/chat': ['ChatParams', 'ChatResult'],
  'qwen/models': ['Place', 'ModelsResult'],
  'qwen/authStatusChanged': ['AuthStatus', ''],
  'qwen/deviceAuthorization': ['DeviceAuthorization', ''],
}

test('every golden message of the page fits its type', () => {
  const wires = blocks('json').map((text) => JSON.parse(text) as Wire)
  const asked = new Map(wires.map(({ id, method }) => (method === undefined ? [-1, ''] : [id ?? -1, method])))
  const typed = wires.flatMap(({ id, method, params, result, error }): [type: string, value: unknown][] => {
    if (method === '$/progress' && JSON.stringify(params).includes('"content"')) return [['ChatDelta', params?.value]]
    if (method !== undefined) return byMethod[method] ? [[byMethod[method][0], params]] : []
    if (error?.data !== undefined) return [['ErrorData', error.data]]
    const type = byMethod[asked.get(id ?? -1) ?? '']?.[1]
    return type && result !== undefined ? [[type, result]] : []
  })
  for (const type of ['AuthParams', 'AuthStatus', 'ChatParams', 'ChatResult', 'ErrorData']) assert.ok(typed.some(([each]) => each === type), type)
  const complaints = compile('messages', [
    `import type * as ours from '../protocol'`, ...typed.map(([type, value], at) => `export const message${at}: ours.${type} = ${JSON.stringify(value)}`),
  ])
  assert.equal(complaints, '')
})
