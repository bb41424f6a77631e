/** What a failed request says, read without trusting its shape. */
import { REQUEST_CANCELLED, type ErrorData } from './protocol'

export interface Failure {
  message: string
  code?: number
  data?: ErrorData
  cancelled: boolean
}

export function failureOf(error: unknown): Failure {
  if (typeof error !== 'object' || error === null) return { message: String(error), cancelled: false }
  const { message, code, data } = error as { message?: unknown; code?: unknown; data?: unknown }
  return {
    message: typeof message === 'string' ? message : String(error),
    cancelled: code === REQUEST_CANCELLED,
    ...(typeof code === 'number' ? { code } : {}),
    ...(isErrorData(data) ? { data } : {}),
  }
}

function isErrorData(data: unknown): data is ErrorData {
  return typeof data === 'object' && data !== null && typeof (data as { kind?: unknown }).kind === 'string'
}

/** This extension's command for one of the server's, which would ask by plain messages. */
const ours: Record<string, string> = {
  'qwen.signIn': 'qwenls.signIn',
  'qwen.signOut': 'qwenls.signOut',
  'qwen.switchAuth': 'qwenls.switchMethod',
  'qwen.status': 'qwenls.showStatus',
  'qwen.setModel': 'qwenls.selectModel',
  'qwen.trustEndpoint': 'qwenls.trustEndpoint',
}

/** The command to run for the button that an error offers. */
export function commandOf(data: ErrorData | undefined): { title: string; command: string; arguments: unknown[] } | undefined {
  const offered = data?.command
  if (!offered) return undefined
  const command = ours[offered.command]
  // Our own commands take their root from the editor; their arguments are not the server's.
  return command ? { title: offered.title, command, arguments: [] } : { ...offered, arguments: offered.arguments ?? [] }
}
