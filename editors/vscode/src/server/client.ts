/** The language client: how the server is started, restarted, and what of its traffic is logged. */
import * as vscode from 'vscode'
import { CloseAction, ErrorAction, LanguageClient, type LanguageClientOptions, type ServerOptions, TransportKind } from 'vscode-languageclient/node'
import { methods } from '../protocol'
import { withoutParams } from './trace'

export interface Crashes {
  /** The server ended by itself; it is started again. */
  restarted(): void
  /** It ended again; nothing more is tried. */
  gaveUp(): void
}

export function createClient(command: string, log: vscode.LogOutputChannel, crashes: Crashes): LanguageClient {
  const server: ServerOptions = { command, transport: TransportKind.stdio }
  let restarts = 0
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
    initializationOptions: () => ({
      qwen: { ...settings(), notifications: [methods.authStatusChanged, methods.deviceAuthorization] },
    }),
    outputChannel: log,
    traceOutputChannel: tracing(log),
    middleware: { window: { showDocument: openUntouched } },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        restarts += 1
        if (restarts > 1) {
          crashes.gaveUp()
          return { action: CloseAction.DoNotRestart, handled: true }
        }
        crashes.restarted()
        return { action: CloseAction.Restart, handled: true }
      },
    },
    // The extension says it itself, with a button.
    initializationFailedHandler: () => false,
  }
  return new LanguageClient('qwenls', 'Qwen', server, options)
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
  return { success: await openExternal(params.uri) }
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
