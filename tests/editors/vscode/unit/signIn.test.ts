import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PendingSignIn, invitation } from '../../../../editors/vscode/src/auth/pending'
import { SignIn } from '../../../../editors/vscode/src/auth/signIn'
import { Qwen } from '../../../../editors/vscode/src/qwen'
import { type LanguageClient, State, clients } from './stub/languageclient'
import { notifications } from './stub/vscode'
import { t } from './t'

const now = Date.parse('2026-11-24T03:00:00Z')
const device = { root: 'file:///w', userCode: 'WDJB-MJHT', verificationUri: 'https://q.example', expiresAt: '2026-11-24T03:15:00Z' }
const report = { kind: 'report', message: 'open https://q.example and enter the code WDJB-MJHT (15 min left)' }
const log = { info: () => undefined, warn: () => undefined, error: () => undefined, show: () => undefined }

/** A sign-in that a command of the server's began, as far as the code is on the screen. */
function begun(context: TestContext): { qwen: Qwen; signIn: SignIn; client: LanguageClient } {
  const qwen = new Qwen({ extensionPath: '/nowhere' } as never, log as never)
  context.after(() => qwen.dispose())
  const signIn = new SignIn(qwen)
  void qwen.start()
  const client = clients.at(-1)
  assert.ok(client)
  client.become(State.Running)
  client.progress('qwen/1', { kind: 'begin', title: 'Qwen sign-in' })
  client.notify('qwen/deviceAuthorization', { ...device, expiresAt: new Date(Date.now() + 900_000).toISOString() })
  client.progress('qwen/1', report)
  assert.equal(signIn.running, true)
  assert.equal(notifications.length, 1)
  return { qwen, signIn, client }
}
/** What has ended leaves the screen in a moment. */
const settled = () => new Promise(setImmediate)

test('a sign-in that the server began leaves the screen when the server ends it, however it ends', async (context) => {
  const { signIn, client } = begun(context)
  client.progress('qwen/other', { kind: 'end' })
  assert.equal(signIn.running, true)
  client.progress('qwen/1', { kind: 'end' })
  await settled()
  assert.equal(signIn.running, false)
  assert.deepEqual(notifications, [])
})

test('a sign-in leaves the screen with its server: after a crash, and when the server is stopped', async (context) => {
  const crashed = begun(context)
  let seen: boolean | undefined
  crashed.qwen.onDidChange(() => (seen ??= crashed.signIn.running))
  crashed.client.become(State.Stopped)
  await settled()
  // Whoever is told of the crash finds no sign-in any more.
  assert.equal(seen, false)
  assert.deepEqual(notifications, [])
  const stopped = begun(context)
  void stopped.qwen.restart()
  await settled()
  assert.deepEqual(notifications, [])
})

test('a sign-in that the server began can be cancelled, from its notification and from the menu', async (context) => {
  const { signIn, client } = begun(context)
  notifications[0]?.cancel()
  signIn.cancel()
  const cancel = ['window/workDoneProgress/cancel', { token: 'qwen/1' }]
  assert.deepEqual(client.sent, [cancel, cancel])
  client.progress('qwen/1', { kind: 'end' })
  await settled()
})

test('a code that has expired is shown no longer', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now })
  let changes = 0
  const pending = new PendingSignIn(() => (changes += 1))
  pending.begin(device)
  context.mock.timers.tick(900_000 - 1)
  assert.equal(pending.device, device)
  context.mock.timers.tick(1)
  assert.deepEqual([pending.device, changes], [undefined, 1])
})

test('of two sign-ins, the end of the first does not end the second', () => {
  const pending = new PendingSignIn(() => undefined)
  pending.begin(device)
  pending.progress('qwen/1', report)
  pending.begin({ ...device, userCode: 'SECOND-1' })
  pending.progress('qwen/1', { kind: 'end' })
  assert.equal(pending.device?.userCode, 'SECOND-1')
  pending.clear()
})

test('the invitation says how many minutes are left, each time anew', (context) => {
  context.mock.timers.enable({ apis: ['Date'], now })
  assert.match(invitation(device, t), /enter the code WDJB-MJHT\. 15 min left\. \[Open Page\]/)
  context.mock.timers.setTime(now + 61_000)
  assert.match(invitation(device, t), / 14 min left\. /)
  assert.match(invitation({ ...device, expiresAt: 'soon' }, t), /WDJB-MJHT\. \[Open Page\]/)
})

test('the notification counts the minutes down, whoever began the sign-in', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { client } = begun(context)
  assert.match(notifications[0]?.message ?? '', / 15 min left/)
  context.mock.timers.setTime(Date.now() + 60_000)
  client.progress('qwen/1', report)
  assert.match(notifications[0]?.message ?? '', / 14 min left/)
  client.progress('qwen/1', { kind: 'end' })
  await settled()
})
