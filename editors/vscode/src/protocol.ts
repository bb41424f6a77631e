/**
 * The messages of `editors/PROTOCOL.md`, as the server sends and takes them. A test compiles that page's golden
 * messages against these types.
 */

export type DocumentUri = string
export type ProgressToken = string | number
export interface Position { line: number; character: number }
export interface Range { start: Position; end: Position }
/** Which root is meant. Neither: the only one there is. */
export interface Place { root?: DocumentUri; textDocument?: { uri: DocumentUri } }

export type Method = 'qwen-oauth' | 'openai'
export type ProviderId =
  | 'qwen' | 'openai' | 'dashscope' | 'coding-plan' | 'modelscope' | 'openrouter' | 'azure' | 'local' | 'other'

export type AuthAction =
  | { action: 'status' }
  | { action: 'signIn' }
  | { action: 'setKey'; apiKey: string; baseUrl?: string; model?: string; store?: 'keyring' | 'memory' }
  | { action: 'switch'; method: Method; remember?: boolean }
  | { action: 'signOut'; method?: Method }
  | { action: 'trust'; endpoint: string; remember?: boolean }
export type AuthParams = Place & { workDoneToken?: ProgressToken } & AuthAction

export interface AuthStatus {
  root: DocumentUri
  state: 'signedIn' | 'signedOut' | 'refused'
  method?: Method
  provider?: { id: ProviderId; name: string }
  baseUrl?: string
  model?: string
  /** A fingerprint: never more than four trailing characters. */
  key?: string
  /** RFC 3339, for Qwen OAuth. */
  expiresAt?: string
  quota?: { requestsPerMinute?: number; requestsPerDay?: number; usedToday?: number }
  origins: { apiKey?: Origin; baseUrl?: Origin; model?: Origin; method?: Origin }
  ignored: { origin: Origin; because: string }[]
  problems: Problem[]
}

export interface Origin {
  kind: 'request' | 'projectFile' | 'client' | 'environment' | 'homeFile' | 'settings' | 'keyring' | 'credentialFile' | 'default'
  path?: string
  variable?: string
  line?: number
  because?: string
}

export interface Problem {
  kind: ErrorKind | 'worldReadable' | 'trackedByGit' | 'otherOwner' | 'malformedLine'
  message: string
  path?: string
  line?: number
}

export interface ChatParams extends Place {
  messages: Message[]
  context?: { uri: DocumentUri; range?: Range }[]
  model?: string
  temperature?: number
  topP?: number
  maxTokens?: number
  stop?: string[]
  seed?: number
  tools?: Tool[]
  toolChoice?: unknown
  partialResultToken?: ProgressToken
  workDoneToken?: ProgressToken
}

export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string | ContentPart[]
  toolCalls?: ToolCall[]
  toolCallId?: string
}

/** A part of a message in OpenAI's shape. */
export interface ContentPart { type: string; text?: string; [member: string]: unknown }
export interface Tool { type: 'function'; function: { name: string; description?: string; parameters?: object } }
export interface ToolCall { id: string; type: 'function'; function: { name: string; arguments: string } }
export interface ToolCallDelta { index: number; id?: string; type?: 'function'; function?: { name?: string; arguments?: string } }

export interface ChatResult {
  root: DocumentUri
  method: Method
  provider: string
  /** The model that answered; it differs from `requestedModel` where the service fell back. */
  model: string
  requestedModel: string
  message: { role: 'assistant'; content: string; reasoning?: string; toolCalls?: ToolCall[] }
  finishReason: string
  usage?: { promptTokens: number; completionTokens: number; totalTokens: number }
  warnings?: string[]
}

export interface ChatDelta { content?: string; reasoning?: string; toolCalls?: ToolCallDelta[] }

export interface Model { id: string; name?: string; contextWindow?: number; current: boolean }
export interface ModelsResult { models: Model[] }

export interface DeviceAuthorization {
  root: DocumentUri
  userCode: string
  verificationUri: string
  verificationUriComplete?: string
  expiresAt: string
}

export type ErrorKind =
  | 'notSignedIn' | 'signInDenied' | 'deviceCodeExpired' | 'signInUnavailable' | 'sessionExpired' | 'endpointNotTrusted'
  | 'insecureEndpoint' | 'invalidKey' | 'forbidden' | 'rateLimited' | 'quotaExhausted' | 'modelNotFound' | 'contextTooLong'
  | 'badRequest' | 'upstream' | 'timeout' | 'offline' | 'tls' | 'proxy' | 'interrupted' | 'unreadableFile' | 'malformedFile'
  | 'keyringUnavailable' | 'alreadyInProgress'

export interface ErrorData {
  kind: ErrorKind
  hint?: string
  command?: { title: string; command: string; arguments?: unknown[] }
  /** Seconds. */
  retryAfter?: number
  status?: number
  requestId?: string
  /** What had arrived when an answer was cut off. */
  partial?: string
  userCode?: string
  verificationUri?: string
}

export const methods = {
  auth: 'qwen/auth',
  chat: 'qwen/chat',
  models: 'qwen/models',
  authStatusChanged: 'qwen/authStatusChanged',
  deviceAuthorization: 'qwen/deviceAuthorization',
} as const

/** LSP's code for a request that was cancelled. */
export const REQUEST_CANCELLED = -32800
