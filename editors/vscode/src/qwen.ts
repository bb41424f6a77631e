/** The server as the rest of the extension sees it: its state, what it said about each root, and its three requests. */
import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import * as vscode from 'vscode'
import { type LanguageClient, ProgressType, State, WorkDoneProgressCancelNotification } from 'vscode-languageclient/node'
import { PendingSignIn } from './auth/pending'
import { failureOf } from './errors'
import {
  type AuthAction, type AuthStatus, type ChatDelta, type ChatParams, type ChatResult, type DeviceAuthorization, type Model, type ModelsResult,
  type Place, methods,
} from './protocol'
import { Roots, keyOf } from './roots'
import { createClient } from './server/client'
import { type Found, findServer } from './server/find'
import type { ServerState } from './status/present'

const { t } = vscode.l10n

/** How long a server may take to start before it is stopped all the same; milliseconds. */
const START_LIMIT = 10_000

export class Qwen implements vscode.Disposable {
  readonly roots = new Roots()
  server: ServerState = 'starting'
  /** Answers that are on their way. */
  busy = 0
  /** Why there is no status. */
  problem: string | undefined
  private readonly statuses = new Map<string, AuthStatus>()
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChange = this.changed.event
  private readonly signIn = new PendingSignIn(() => this.changed.fire())
  private client: LanguageClient | undefined
  private program: Found | undefined
  private tokens = 0
  /** Counts the stops: a start that waited for one is for nothing when another has come. */
  private stops = 0
  private readonly subscriptions: vscode.Disposable[]

  constructor(private readonly context: vscode.ExtensionContext, readonly log: vscode.LogOutputChannel) {
    this.subscriptions = [
      this.roots.onDidChange(() => {
        this.changed.fire()
        void this.refresh()
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('qwen.server.path')) void this.restart()
      }),
    ]
  }

  /** The sign-in that waits for the user. */
  get device(): DeviceAuthorization | undefined {
    return this.signIn.device
  }

  /** What the server last said about the current root. */
  get status(): AuthStatus | undefined {
    return this.statuses.get(keyOf(this.roots.current))
  }

  /** The program's path, for a terminal. */
  get path(): string | undefined {
    return this.program?.kind === 'found' ? this.program.path : undefined
  }

  async start(): Promise<void> {
    const found = this.find()
    this.program = found
    if (found.kind !== 'found') return this.tellMissing(found)
    this.log.info(`server: ${found.path} (${found.from})`)
    const client: LanguageClient = createClient(found.path, this.log, {
      wanted: () => this.client === client,
      restarted: () => void this.tellCrash(t('The Qwen language server stopped unexpectedly. It was started again.'), false),
      gaveUp: () => void this.tellCrash(t('The Qwen language server stopped again. It was not restarted.'), true),
      workDone: (token, value) => this.signIn.progress(token, value),
    })
    this.client = client
    client.onDidChangeState(({ newState }) => {
      if (this.client !== client) return
      this.signIn.clear()
      this.set(newState === State.Running ? 'running' : newState === State.Starting ? 'starting' : 'stopped')
      if (newState === State.Running) void this.refresh()
      else this.statuses.clear()
    })
    client.onNotification(methods.authStatusChanged, (status: AuthStatus) => this.learn(status))
    client.onNotification(methods.deviceAuthorization, (device: DeviceAuthorization) => {
      this.signIn.begin(device)
      this.changed.fire()
    })
    try {
      await client.start()
    } catch (error) {
      if (this.client !== client) return
      this.set('stopped')
      await this.tellCrash(t('The Qwen language server did not start: {0}', failureOf(error).message), true)
    }
  }

  async restart(): Promise<void> {
    const stopped = this.stop()
    const { stops } = this
    this.set('starting')
    await stopped
    // Asked for twice, the last one starts: of two servers, one would be ended by nobody.
    if (stops === this.stops) await this.start()
  }

  auth(action: AuthAction, place: Place = this.roots.current, token?: vscode.CancellationToken, workDoneToken?: string): Promise<AuthStatus> {
    const params = { ...place, ...action, ...(workDoneToken === undefined ? {} : { workDoneToken }) }
    return this.running(async (client) => {
      const status = await send<AuthStatus>(client, methods.auth, params, token)
      this.statuses.set(keyOf(place), status)
      this.learn(status)
      return status
    })
  }

  chat(params: ChatParams, onDelta: (delta: ChatDelta) => void, token?: vscode.CancellationToken): Promise<ChatResult> {
    return this.running(async (client) => {
      const partialResultToken = this.newToken()
      const progress = client.onProgress(new ProgressType<ChatDelta>(), partialResultToken, onDelta)
      this.count(1)
      try {
        return await send<ChatResult>(client, methods.chat, { ...params, partialResultToken }, token)
      } finally {
        progress.dispose()
        this.count(-1)
      }
    })
  }

  async models(place: Place = this.roots.current, token?: vscode.CancellationToken): Promise<Model[]> {
    return this.running(async (client) => (await send<ModelsResult>(client, methods.models, place, token)).models)
  }

  /** Messages of the work that one request brought a token for. */
  onWorkDone(token: string, report: (message: string) => void): vscode.Disposable {
    const type = new ProgressType<{ kind: string; message?: string }>()
    return this.client?.onProgress(type, token, ({ message }) => {
      if (message !== undefined) report(message)
    }) ?? { dispose: () => undefined }
  }

  newToken(): string {
    this.tokens += 1
    return `qwenls-${this.tokens}`
  }

  /** The sign-in that this extension asked for is over. */
  endSignIn(): void {
    if (this.signIn.token === undefined) this.signIn.clear()
    this.changed.fire()
  }

  /** Cancels the sign-in that a command of the server's began. */
  cancelSignIn(): void {
    const { token } = this.signIn
    if (token !== undefined) void this.client?.sendNotification(WorkDoneProgressCancelNotification.type, { token })
  }

  /** Asks about the current root. A failure shows in the status bar. */
  async refresh(): Promise<void> {
    if (this.server !== 'running') return
    this.problem = undefined
    try {
      await this.auth({ action: 'status' })
    } catch (error) {
      this.problem = failureOf(error).message
      this.log.warn(this.problem)
      this.changed.fire()
    }
  }

  async stop(): Promise<void> {
    this.stops += 1
    const client = this.client
    this.client = undefined
    this.signIn.clear()
    this.statuses.clear()
    try {
      // A client that is starting refuses to be stopped, and kills its server; one that needs a moment ends in peace.
      if (client?.state === State.Starting) await Promise.race([client.start(), pause(START_LIMIT)])
      await client?.dispose()
    } catch (error) {
      this.log.warn(failureOf(error).message)
    }
  }

  dispose(): void {
    this.signIn.clear()
    this.subscriptions.forEach((each) => each.dispose())
    this.roots.dispose()
  }

  private async running<T>(ask: (client: LanguageClient) => Promise<T>): Promise<T> {
    if (!this.client) throw new Error(t('The Qwen language server is not running.'))
    return ask(this.client)
  }

  private count(more: number): void {
    this.busy += more
    this.changed.fire()
  }

  private learn(status: AuthStatus): void {
    const root = vscode.Uri.parse(status.root).toString()
    this.statuses.set(root, status)
    for (const [key, known] of this.statuses) if (vscode.Uri.parse(known.root).toString() === root) this.statuses.set(key, status)
    if (status.state === 'signedIn' && status.method === 'qwen-oauth') this.signIn.clear()
    void vscode.commands.executeCommand('setContext', 'qwenls.signedIn', this.status?.state === 'signedIn')
    this.changed.fire()
  }

  private find(): Found {
    return findServer({
      setting: vscode.workspace.getConfiguration('qwen').get('server.path', ''),
      extensionPath: this.context.extensionPath,
      platform: process.platform,
      environment: process.env,
      homedir: homedir(),
      runs,
    })
  }

  private set(state: ServerState): void {
    this.server = state
    this.changed.fire()
  }

  private async tellMissing(found: Exclude<Found, { kind: 'found' }>): Promise<void> {
    this.set('missing')
    const message = found.kind === 'wrongSetting'
      ? t('`qwen.server.path` names {0}, which is not a program that can be run. Correct the setting, or clear it.', found.path)
      : t('The Qwen language server was not found: this package has none for your platform, and there is no `qwen-language-server` on PATH. Install it, or set its path.')
    this.log.error(message)
    const setPath = t('Set Path')
    const retry = t('Try Again')
    const chosen = await vscode.window.showErrorMessage(message, setPath, retry)
    if (chosen === setPath) await vscode.commands.executeCommand('qwenls.setPath')
    if (chosen === retry) await this.restart()
  }

  private async tellCrash(message: string, final: boolean): Promise<void> {
    this.log.error(message)
    const restart = t('Restart')
    const showLog = t('Show Log')
    const chosen = final
      ? await vscode.window.showErrorMessage(message, restart, showLog)
      : await vscode.window.showWarningMessage(message, showLog)
    if (chosen === restart) await this.restart()
    if (chosen === showLog) this.log.show()
  }
}

/** Without a token it must not be named at all: the client would send the `undefined` as a second parameter. */
function send<T>(client: LanguageClient, method: string, params: object, token: vscode.CancellationToken | undefined): Promise<T> {
  return token ? client.sendRequest<T>(method, params, token) : client.sendRequest<T>(method, params)
}

function runs(file: string): boolean {
  try {
    accessSync(file, process.platform === 'win32' ? constants.F_OK : constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
