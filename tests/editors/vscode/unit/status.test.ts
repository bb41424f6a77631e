import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthStatus } from '../../../../editors/vscode/src/protocol'
import { menuEntries, winningFile } from '../../../../editors/vscode/src/status/entries'
import { type View, escapeMarkdown, originText, statusItem, tooltip } from '../../../../editors/vscode/src/status/present'
import { t } from './t'

const status = (more: Partial<AuthStatus> = {}): AuthStatus => ({
  root: 'file:///w/app', state: 'signedIn', method: 'openai', provider: { id: 'openai', name: 'OpenAI' }, baseUrl: 'https://api.openai.com/v1',
  model: 'gpt-4.1', key: 'sk-…9f3c', ignored: [], problems: [],
  origins: { apiKey: { kind: 'projectFile', path: '/w/app/.qwen/.env', line: 1 } }, ...more,
})
const view = (more: Partial<View> = {}): View => ({ server: 'running', status: status(), rootName: undefined, busy: 0, signingIn: false, ...more })

test('the status bar names the model, and the root where there are several', () => {
  assert.deepEqual(statusItem(view(), t), { text: '$(comment-discussion) gpt-4.1', label: 'Qwen: gpt-4.1', severity: 'none' })
  assert.equal(statusItem(view({ rootName: 'app' }), t).text, '$(comment-discussion) gpt-4.1 (app)')
})

test('each state looks different, and only what needs the user is coloured', () => {
  const of = (more: Partial<View>) => {
    const { text, severity } = statusItem(view(more), t)
    return `${text} ${severity}`
  }
  assert.equal(of({ server: 'missing' }), '$(error) Qwen: no server error')
  assert.equal(of({ server: 'stopped' }), '$(error) Qwen: stopped error')
  assert.equal(of({ server: 'starting' }), '$(loading~spin) Qwen: starting none')
  assert.equal(of({ status: status({ state: 'signedOut' }) }), '$(sign-in) Qwen: signed out warning')
  assert.equal(of({ status: status({ state: 'refused' }) }), '$(shield) Qwen: key held back warning')
  assert.equal(of({ busy: 1 }), '$(loading~spin) gpt-4.1 none')
  assert.equal(of({ signingIn: true }), '$(loading~spin) Qwen: signing in none')
  assert.equal(of({ status: status({ problems: [{ kind: 'worldReadable', message: 'm' }] }) }), '$(warning) gpt-4.1 warning')
})

test('a label for screen readers has no icons and says Qwen once', () => {
  for (const server of ['missing', 'stopped', 'starting', 'running'] as const) {
    const { label } = statusItem(view({ server }), t)
    assert.doesNotMatch(label, /\$\(/)
    assert.equal(label.match(/Qwen/g)?.length, 1)
  }
})

test('the tooltip tells the key by its fingerprint, where it came from, and what was ignored', () => {
  const text = tooltip(view({ status: status({
    origins: { apiKey: { kind: 'projectFile', path: '/home/me/app/.env', line: 3 } },
    ignored: [{ origin: { kind: 'environment', variable: 'OPENAI_API_KEY' }, because: 'the project file wins' }],
    problems: [{ kind: 'worldReadable', message: 'others may read it' }],
  }) }), '/home/me', t).replaceAll('\\', '')
  assert.match(text, /sk-…9f3c/)
  assert.match(text, /project file ~\/app\/\.env:3/)
  assert.match(text, /Not used: environment variable OPENAI_API_KEY, the project file wins/)
  assert.match(text, /\$\(warning\) others may read it/)
})

test('text from files can neither link nor run a command in the tooltip', () => {
  const evil = '[x](command:y) <img src=z> $(bug) | a\nb https://x.example a@b.example'
  assert.doesNotMatch(escapeMarkdown(evil), /(?<!\\)[[\]()<>|$:@]|\n/)
})

test('the menu offers what the state allows', () => {
  const commands = (state: AuthStatus['state'], method: AuthStatus['method'] = 'openai') =>
    menuEntries({ server: 'running', status: status({ state, method: method as 'openai' }), device: undefined, roots: 1 }, t).map(({ command }) => command)
  assert.ok(!commands('signedOut').includes('qwenls.signOut'))
  assert.ok(commands('signedOut').includes('qwenls.signIn'))
  assert.ok(commands('signedIn').includes('qwenls.signOut'))
  assert.ok(!commands('signedIn', 'qwen-oauth').includes('qwenls.signIn'))
  assert.ok(commands('refused').includes('qwenls.trustEndpoint'))
  assert.ok(!commands('signedIn').includes('qwenls.trustEndpoint'))
})

test('without a server the menu offers a way to get one, and nothing that needs it', () => {
  const commands = menuEntries({ server: 'missing', status: undefined, device: undefined, roots: 1 }, t).map(({ command }) => command)
  assert.deepEqual(commands, ['qwenls.setPath', 'qwenls.restart', 'qwenls.showLog'])
})

test('a waiting sign-in puts its code on top of the menu, since a message hides after some seconds', () => {
  const device = { root: 'file:///w', userCode: 'WDJB-MJHT', verificationUri: 'https://x.example/', expiresAt: '2026-01-01T00:00:00Z' }
  const entries = menuEntries({ server: 'running', status: status({ state: 'signedOut' }), device, roots: 1 }, t)
  assert.deepEqual(entries.slice(0, 2).map(({ command }) => command), ['qwenls.signIn.open', 'qwenls.signIn.copyCode'])
  assert.match(entries[1]?.label ?? '', /WDJB-MJHT/)
})

test('the file that won is the one with the key; a credential file is nothing to edit', () => {
  assert.equal(winningFile(status())?.path, '/w/app/.qwen/.env')
  const oauth = status({ origins: { apiKey: { kind: 'credentialFile', path: '/h/.qwen/oauth_creds.json' }, model: { kind: 'projectFile', path: '/w/.env' } } })
  assert.equal(winningFile(oauth)?.path, '/w/.env')
  assert.equal(winningFile(undefined), undefined)
})

test('a path outside the home directory is not shortened', () => {
  assert.equal(originText({ kind: 'homeFile', path: '/home/me2/.env' }, '/home/me', t), 'home file /home/me2/.env')
})
