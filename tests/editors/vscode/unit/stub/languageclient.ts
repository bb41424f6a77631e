/** A language client without a server: a test does with it what the real one would do. */
import { EventEmitter } from './vscode'

export enum State { Stopped = 1, Running = 2, Starting = 3, StartFailed = 4 }
export enum CloseAction { DoNotRestart = 1, Restart = 2 }
export enum ErrorAction { Continue = 1, Shutdown = 2 }
export enum TransportKind { stdio }
export class ProgressType {}
export const WorkDoneProgressCancelNotification = { type: 'window/workDoneProgress/cancel' }

interface Options {
  errorHandler: { closed(): { action: CloseAction } }
  middleware: {
    window: { showDocument(params: object, token: undefined, next: () => undefined): Promise<{ success: boolean }> }
    handleWorkDoneProgress?(token: string, value: object, next: () => void): void
  }
}

export const clients: LanguageClient[] = []

export class LanguageClient {
  state = State.Stopped
  readonly sent: unknown[][] = []
  private readonly changed = new EventEmitter<{ newState: State }>()
  readonly onDidChangeState = this.changed.event
  private readonly handlers = new Map<string, (params: object) => void>()

  constructor(_id: string, _name: string, _server: object, readonly options: Options) {
    clients.push(this)
  }
  start(): Promise<void> {
    this.become(State.Starting)
    return new Promise(() => undefined)
  }
  become(newState: State): void {
    this.state = newState
    this.changed.fire({ newState })
  }
  closed(): CloseAction {
    return this.options.errorHandler.closed().action
  }
  async dispose(): Promise<void> {
    if (this.state === State.Starting) throw new Error("Client is not running and can't be stopped.")
  }
  onNotification(method: string, handler: (params: object) => void): void {
    this.handlers.set(method, handler)
  }
  notify(method: string, params: object): void {
    this.handlers.get(method)?.(params)
  }
  progress(token: string, value: object): void {
    this.options.middleware.handleWorkDoneProgress?.(token, value, () => undefined)
  }
  showDocument(params: object): Promise<{ success: boolean }> {
    return this.options.middleware.window.showDocument(params, undefined, () => undefined)
  }
  async sendNotification(...values: unknown[]): Promise<void> {
    this.sent.push(values)
  }
  sendRequest(): Promise<unknown> {
    return new Promise(() => undefined)
  }
}
