// An editor on vscode-languageserver-protocol. What the server says and asks waits here until a test claims it; a message
// that is malformed, that nobody knows, or that nobody claims fails the test.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { server, until } from '../../editors/world.mjs'
import * as checks from './checks.mjs'
import { vscode } from './editors.mjs'
import { lsp } from './protocol.mjs'

export const KEY = 'sk-canary-node-0123456789abcdef'
export const OTHER_KEY = 'sk-canary-other-0123456789fedcba'
// The tokens of the stand-in's sign-in begin as the last two.
const canaries = [KEY, OTHER_KEY, 'access-standin-', 'refresh-standin-']

// What a test need not claim.
const IGNORED = new Set(['window/logMessage', 'client/registerCapability', 'workspace/configuration', 'workspace/diagnostic/refresh', 'workspace/codeLens/refresh', 'workspace/inlayHint/refresh', 'window/workDoneProgress/create'])
const ANSWERED = { 'workspace/configuration': (params) => params.items.map(() => null) }

export class Editor {
  /** Starts the server in a world, on these folders, lets `act` use it, and asks for a clean end. */
  static async use(world, { folders = ['app'], capabilities = vscode, qwen } = {}, act) {
    const editor = new Editor(world)
    world.ends.push(() => editor.kill())
    try {
      const workspaceFolders = folders.map((name) => ({ uri: editor.uri(name), name }))
      editor.initialized = await editor.request(lsp.InitializeRequest.type, {
        processId: process.pid, rootUri: workspaceFolders[0].uri, workspaceFolders, capabilities,
        clientInfo: { name: 'node' }, initializationOptions: qwen && { qwen },
      })
      await editor.notify(lsp.InitializedNotification.type, {})
      await act(editor)
      await editor.close()
    } catch (error) {
      error.message += `\nthe server said:\n${editor.output.stdout.slice(-3000)}${editor.output.stderr}`
      throw error
    }
  }

  constructor(world) {
    this.world = world
    this.faults = []
    this.inbox = []
    this.progress = new Map()
    this.created = []
    this.refreshes = 0
    this.output = { stdout: '', stderr: '' }
    // Nobody's keyring is asked.
    const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${world.path('no-bus')}`, ...world.env }
    this.process = spawn(server, ['--stdio'], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.exited = new Promise((done) => this.process.once('close', (code) => done(code)))
    for (const name of ['stdout', 'stderr']) this.process[name].on('data', (data) => { this.output[name] += data })
    const log = (text) => this.faults.push(`the client logs: ${text}`)
    const logger = { error: log, warn: log, info: () => {}, log: () => {} }
    this.connection = lsp.createProtocolConnection(
      new lsp.StreamMessageReader(this.process.stdout), new lsp.StreamMessageWriter(this.process.stdin), logger)
    this.connection.onError(([error]) => log(error))
    this.connection.onRequest((method, params, token) => this.#asked(method, params, token))
    this.connection.onNotification((method, params) => this.#arrived(method, params))
    this.connection.onUnhandledProgress(({ token, value }) => this.#progressed(token, value))
    this.connection.listen()
  }

  uri(name) { return pathToFileURL(this.world.path(name)).href }

  /** Sends a request; the answer has the shape that its method wants. */
  async request(type, params, ...token) {
    const method = type.method ?? type
    const result = await this.connection.sendRequest(type, params, ...token)
    assert.ok(checks.results[method]?.(result), `the answer to ${method}: ${JSON.stringify(result)}`)
    return result
  }

  /** The error that answers a request. */
  async refused(type, params, ...token) {
    const error = await this.connection.sendRequest(type, params, ...token).then(
      (result) => assert.fail(`a result in place of an error: ${JSON.stringify(result)}`), (error) => error)
    assert.ok(error instanceof lsp.ResponseError, error)
    return error
  }

  command(command, ...args) { return this.request(lsp.ExecuteCommandRequest.type, { command, arguments: args }) }

  notify(type, params) { return this.connection.sendNotification(type, params) }

  /** The params of the next notification of this method, or the next question { params, answer, refuse }. */
  async told(type) {
    const method = type.method ?? type
    const at = () => this.inbox.findIndex((message) => message.method === method)
    await until(() => at() >= 0, () => `${method}; there are ${JSON.stringify(this.inbox)}`)
    const [message] = this.inbox.splice(at(), 1)
    return message.answer ? message : message.params
  }

  /** The text of the next `window/showMessage`. */
  async message() { return (await this.told(lsp.ShowMessageNotification.type)).message }

  /** Waits until a progress has such a value. */
  progressed(token, wanted) {
    return until(() => (this.progress.get(token) ?? []).find(wanted), `progress of ${token}`)
  }

  #check(method, params) {
    if (!checks.params[method]?.(params)) this.faults.push(`${method}: ${JSON.stringify(params)}`)
  }

  #asked(method, params, token) {
    this.#check(method, params)
    if (method === 'window/workDoneProgress/create') this.created.push(params.token)
    if (method === 'workspace/diagnostic/refresh') this.refreshes += 1
    if (IGNORED.has(method)) return ANSWERED[method]?.(params) ?? null
    return new Promise((answer, fail) => {
      const refuse = (code) => fail(new lsp.ResponseError(code, 'the test refuses'))
      token.onCancellationRequested(() => fail(new lsp.ResponseError(lsp.LSPErrorCodes.RequestCancelled, 'taken back')))
      this.inbox.push({ method, params, answer, refuse, token })
    })
  }

  #arrived(method, params) {
    this.#check(method, params)
    if (!IGNORED.has(method)) this.inbox.push({ method, params })
  }

  #progressed(token, value) {
    const values = this.progress.get(token) ?? []
    this.progress.set(token, values)
    if (value.kind !== undefined) {
      const isRight = values.length === 0 ? value.kind === 'begin' : value.kind !== 'begin' && values.at(-1).kind !== 'end'
      if (!isRight || !checks.workDone(value)) this.faults.push(`progress of ${token}: ${JSON.stringify(value)}`)
    }
    values.push(value)
  }

  /** Asks for a clean end, and looks at everything that came. */
  async close() {
    await this.request(lsp.ShutdownRequest.type)
    await this.notify(lsp.ExitNotification.type)
    assert.equal(await this.exited, 0)
    assert.deepEqual(this.faults, [])
    assert.deepEqual(this.inbox.map(({ method, params }) => ({ method, params })), [], 'nobody claimed these')
    for (const token of this.created) assert.equal(this.progress.get(token)?.at(-1)?.kind, 'end', `${token} never ends`)
    assert.equal(this.output.stderr, '')
    const state = this.world.path('home/.local')
    const written = listed(state).map((path) => readFileSync(path, 'utf8')).join('\n')
    for (const canary of canaries) assert.ok(!`${this.output.stdout}${written}`.includes(canary), `the key ${canary.slice(0, 14)}…`)
    this.connection.dispose()
  }

  kill() {
    if (this.process.exitCode === null) this.process.kill('SIGKILL')
  }
}

function listed(folder) {
  const entries = statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder, { recursive: true }) : []
  return entries.map((name) => join(folder, name)).filter((path) => statSync(path).isFile())
}
