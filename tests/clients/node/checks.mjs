// The shape of what the server sends, by the library's own checks where it has one. A message of a method that does not
// stand here is a fault.
import { lsp } from './protocol.mjs'

const Is = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  array: (of) => (value) => Array.isArray(value) && value.every(of),
  optional: (of) => (value) => value === undefined || of(value),
  nullable: (of) => (value) => value === null || of(value),
  oneOf: (...values) => (value) => values.includes(value),
  /** An object with these members and no other. */
  record: (members) => (value) => value !== null && typeof value === 'object'
    && Object.keys(value).every((name) => name in members)
    && Object.entries(members).every(([name, of]) => of(value[name])),
}

const message = { type: Is.oneOf(1, 2, 3, 4, 5), message: Is.string }
const origin = Is.record({
  kind: Is.oneOf('request', 'projectFile', 'client', 'environment', 'homeFile', 'settings', 'keyring', 'credentialFile', 'default'),
  path: Is.optional(Is.string), variable: Is.optional(Is.string), line: Is.optional(lsp.uinteger.is), because: Is.optional(Is.string),
})
const authStatus = Is.record({
  root: Is.string, state: Is.oneOf('signedIn', 'signedOut', 'refused'), method: Is.optional(Is.oneOf('qwen-oauth', 'openai')),
  provider: Is.optional(Is.record({ id: Is.string, name: Is.string })), baseUrl: Is.optional(Is.string),
  model: Is.optional(Is.string), key: Is.optional(Is.string), expiresAt: Is.optional(Is.string),
  quota: Is.optional(Is.record({ requestsPerMinute: Is.optional(lsp.uinteger.is), requestsPerDay: Is.optional(lsp.uinteger.is), usedToday: Is.optional(lsp.uinteger.is) })),
  origins: Is.record({ apiKey: Is.optional(origin), baseUrl: Is.optional(origin), model: Is.optional(origin), method: Is.optional(origin) }),
  ignored: Is.array(Is.record({ origin, because: Is.string })),
  problems: Is.array(Is.record({ kind: Is.string, message: Is.string, path: Is.optional(Is.string), line: Is.optional(lsp.uinteger.is) })),
})
// The library wants an edit or a command even of an action that is yet to be resolved.
const codeAction = (action) => lsp.CodeAction.is(action.data ? { ...action, edit: { changes: {} } } : action)
const completionItem = (item) => Is.string(item.label) && lsp.TextEdit.is(item.textEdit)

/** The value of a work-done progress. */
export const workDone = Is.record({
  kind: Is.oneOf('begin', 'report', 'end'), title: Is.optional(Is.string), message: Is.optional(Is.string),
  cancellable: Is.optional(Is.boolean), percentage: Is.optional(lsp.uinteger.is),
})

/** Of the server's requests and notifications. */
export const params = {
  'window/showMessage': Is.record(message),
  'window/logMessage': Is.record(message),
  'window/showMessageRequest': Is.record({ ...message, actions: Is.optional(Is.array(Is.record({ title: Is.string }))) }),
  'window/showDocument': Is.record({ uri: lsp.URI.is, external: Is.optional(Is.boolean), takeFocus: Is.optional(Is.boolean), selection: Is.optional(lsp.Range.is) }),
  'window/workDoneProgress/create': Is.record({ token: lsp.ProgressToken.is }),
  'textDocument/publishDiagnostics': Is.record({ uri: lsp.URI.is, version: Is.optional(lsp.integer.is), diagnostics: Is.array(lsp.Diagnostic.is) }),
  'workspace/applyEdit': Is.record({ label: Is.optional(Is.string), edit: lsp.WorkspaceEdit.is }),
  'workspace/configuration': Is.record({ items: Is.array(Is.record({ scopeUri: Is.optional(Is.string), section: Is.optional(Is.string) })) }),
  'workspace/diagnostic/refresh': (value) => value === undefined || value === null,
  'workspace/codeLens/refresh': (value) => value === undefined || value === null,
  'workspace/inlayHint/refresh': (value) => value === undefined || value === null,
  'client/registerCapability': Is.record({ registrations: Is.array(Is.record({ id: Is.string, method: Is.string, registerOptions: () => true })) }),
  'qwen/authStatusChanged': authStatus,
  'qwen/deviceAuthorization': Is.record({ root: Is.string, userCode: Is.string, verificationUri: Is.string, verificationUriComplete: Is.optional(Is.string), expiresAt: Is.string }),
}

/** Of the server's answers. */
export const results = {
  'initialize': Is.record({ capabilities: (value) => typeof value === 'object', serverInfo: Is.record({ name: Is.string, version: Is.string }) }),
  'shutdown': (value) => value === null,
  'workspace/executeCommand': (value) => value === null || authStatus(value) || Is.array(authStatus)(value),
  'textDocument/codeAction': Is.nullable(Is.array((action) => lsp.Command.is(action) || codeAction(action))),
  'codeAction/resolve': lsp.CodeAction.is,
  'textDocument/codeLens': Is.nullable(Is.array(lsp.CodeLens.is)),
  'textDocument/inlayHint': Is.nullable(Is.array(lsp.InlayHint.is)),
  'textDocument/hover': Is.nullable(lsp.Hover.is),
  'textDocument/completion': (value) => value === null || Is.array(completionItem)(Array.isArray(value) ? value : value.items),
  'textDocument/inlineCompletion': (value) => Is.array((item) => Is.string(item.insertText) && Is.optional(lsp.Range.is)(item.range))(value.items),
  'textDocument/diagnostic': Is.record({ kind: Is.oneOf('full', 'unchanged'), resultId: Is.optional(Is.string), items: Is.array(lsp.Diagnostic.is) }),
  'qwen/auth': authStatus,
  'qwen/models': Is.record({ models: Is.array(Is.record({ id: Is.string, name: Is.optional(Is.string), contextWindow: Is.optional(lsp.uinteger.is), current: Is.boolean })) }),
  'qwen/chat': Is.record({
    root: Is.string, method: Is.oneOf('qwen-oauth', 'openai'), provider: Is.string, model: Is.string, requestedModel: Is.string,
    message: Is.record({ role: Is.oneOf('assistant'), content: Is.string, reasoning: Is.optional(Is.string), toolCalls: Is.optional(Array.isArray) }),
    finishReason: Is.string, warnings: Is.optional(Is.array(Is.string)),
    usage: Is.optional(Is.record({ promptTokens: lsp.uinteger.is, completionTokens: lsp.uinteger.is, totalTokens: lsp.uinteger.is })),
  }),
}
