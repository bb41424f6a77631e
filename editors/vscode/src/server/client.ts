/** The language client: how the server is started, restarted, and what of its traffic is logged. */
import * as vscode from 'vscode'
import { CloseAction, ErrorAction, LanguageClient, type LanguageClientOptions, type ServerOptions, TransportKind } from 'vscode-languageclient/node'
import type { WorkDone } from '../auth/pending'
import { type ProgressToken, methods } from '../protocol'
import { withoutParams } from './trace'

export interface Events {
  /** Whether anybody still waits for this client: one that was given up is no crash, and starts no second server. */
  wanted(): boolean
  /** The server ended by itself; it is started again. */
  restarted(): void
  /** It ended again; nothing more is tried. */
  gaveUp(): void
  /** Progress of work that no request brought a token for. */
  workDone(token: ProgressToken, value: WorkDone): void
}

export function createClient(command: string, log: vscode.LogOutputChannel, events: Events): LanguageClient {
  const server: ServerOptions = { command, transport: TransportKind.stdio }
  let restarts = 0
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
    initializationOptions: () => ({
      qwen: { ...settings(), notifications: [methods.authStatusChanged, methods.deviceAuthorization] },
    }),
    outputChannel: log,
    traceOutputChannel: tracing(log),
    middleware: {
      window: { showDocument: openUntouched },
      handleWorkDoneProgress: (token, value, next) => {
        events.workDone(token, value)
        next(token, value)
      },
    },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        if (!events.wanted()) return { action: CloseAction.DoNotRestart, handled: true }
        restarts += 1
        if (restarts > 1) {
          events.gaveUp()
          return { action: CloseAction.DoNotRestart, handled: true }
        }
        events.restarted()
        return { action: CloseAction.Restart, handled: true }
      },
    },
    // The extension says it itself, with a button.
    initializationFailedHandler: () => false,
  }
  return new Client('qwenls', 'Qwen', server, options, events)
}

/** What a client that was given up has to say is for the log: its start can only fail, and is waited for by nobody. */
class Client extends LanguageClient {
  constructor(id: string, name: string, server: ServerOptions, options: LanguageClientOptions, private readonly events: Events) {
    super(id, name, server, options)
  }

  override error(message: string, data?: unknown, show?: boolean | 'force'): void {
    super.error(message, data, this.events.wanted() ? show : false)
  }
}

/** The settings that hold for the whole window; a root's own are asked for by `workspace/configuration`. */
function settings(): Record<string, unknown> {
  const section = vscode.workspace.getConfiguration('qwen')
  const names = ['model', 'openai.baseUrl', 'envPrecedence', 'credentialStore', 'requestTimeout', 'inlineCompletion.enable', 'inlineCompletion.automatic', 'trustedEndpoints']
  return Object.fromEntries(names.map((name) => [name, section.get(name)]))
}

type ShowDocument = NonNullable<NonNullable<NonNullable<LanguageClientOptions['middleware']>['window']>['showDocument']>

/**
 * An external address goes to the browser byte for byte. The client would make a `Uri` of it first, which decodes
 * `%XX` in the query: a sign-in page then reads other parameters than its server wrote.
 */
const openUntouched: ShowDocument = async (params, token, next) => {
  if (params.external !== true) return next(params, token)
  // Not waited for: VS Code may ask, and the user need not answer. The sign-in's notification has the address and the
  // code in any case. Told that the page is not shown, the server would send a message of its own, which nothing takes
  // off the screen again.
  void openExternal(params.uri).then(undefined, () => undefined)
  return { success: true }
}

/** Opens an address as it is written. VS Code passes a string through, though its types ask for a `Uri`. */
export function openExternal(address: string): Thenable<boolean> {
  return vscode.env.openExternal(address as unknown as vscode.Uri)
}

/** The log, for traces: without what was in the messages. */
function tracing(log: vscode.LogOutputChannel): vscode.LogOutputChannel {
  return new Proxy(log, {
    get(target, name) {
      if (name === 'trace') return (message: string) => target.trace(withoutParams(message))
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value as (...values: unknown[]) => unknown).bind(target) : value
    },
  })
}
