/** As much of VS Code as the tested parts use; a test reads what was said from `said`. */
type Listener<T> = (value: T) => void

export class EventEmitter<T> {
  private readonly listeners = new Set<Listener<T>>()
  readonly event = (listener: Listener<T>) => {
    this.listeners.add(listener)
    return { dispose: () => void this.listeners.delete(listener) }
  }
  fire(value: T): void {
    for (const each of [...this.listeners]) each(value)
  }
  dispose(): void {
    this.listeners.clear()
  }
}

export class CancellationTokenSource {
  private readonly cancelled = new EventEmitter<void>()
  readonly token = { isCancellationRequested: false, onCancellationRequested: this.cancelled.event }
  cancel(): void {
    if (this.token.isCancellationRequested) return
    this.token.isCancellationRequested = true
    this.cancelled.fire()
  }
  dispose(): void {
    this.cancelled.dispose()
  }
}

export const said: string[] = []
const say = async (message: string) => void said.push(message)
const nothing = () => ({ dispose: () => undefined })

/** The progress notifications on the screen. */
export const notifications: { message: string; cancel(): void }[] = []
async function withProgress<T>(_: object, run: (progress: object, token: object) => Promise<T>): Promise<T> {
  const cancellation = new CancellationTokenSource()
  const shown = { message: '', cancel: () => cancellation.cancel() }
  notifications.push(shown)
  try {
    return await run({ report: ({ message }: { message: string }) => (shown.message = message) }, cancellation.token)
  } finally {
    notifications.splice(notifications.indexOf(shown), 1)
  }
}

export const ProgressLocation = { Notification: 15 }
export const window = {
  withProgress,
  onDidChangeActiveTextEditor: nothing,
  showInformationMessage: say,
  showWarningMessage: say,
  showErrorMessage: say,
}
export const workspace = {
  onDidChangeWorkspaceFolders: nothing,
  onDidChangeConfiguration: nothing,
  getConfiguration: () => ({ get: (name: string, otherwise?: unknown) => (name === 'server.path' ? process.execPath : otherwise) }),
}
export const commands = { executeCommand: async () => undefined }
export const env = { language: 'en', openExternal: (_address: string): Promise<boolean> => Promise.resolve(true) }
export const l10n = { t: (message: string, ...values: unknown[]) => message.replace(/\{(\d+)\}/g, (_, at: string) => String(values[Number(at)])) }
export const Uri = { parse: (text: string) => ({ toString: () => text }) }
