/** What the status bar says about a root. Pure: an `AuthStatus` in, words out. */
import type { AuthStatus, Origin } from '../protocol'
import type { Translate } from '../text'

export type ServerState = 'starting' | 'running' | 'stopped' | 'missing'

export interface View {
  server: ServerState
  status: AuthStatus | undefined
  /** The root's name, where the window has several. */
  rootName: string | undefined
  /** Requests that run. */
  busy: number
  signingIn: boolean
  /** Why there is no status. */
  problem?: string | undefined
}

export interface Item {
  text: string
  /** For screen readers: the same without icons. */
  label: string
  severity: 'none' | 'warning' | 'error'
}

export function statusItem(view: View, t: Translate): Item {
  const { status } = view
  const root = view.rootName === undefined ? '' : ` (${view.rootName})`
  const item = (icon: string, words: string, severity: Item['severity'] = 'none'): Item =>
    ({ text: `$(${icon}) ${words}${root}`, label: `${words.startsWith('Qwen') ? words : `Qwen: ${words}`}${root}`, severity })
  switch (view.server) {
    case 'missing': return item('error', t('Qwen: no server'), 'error')
    case 'stopped': return item('error', t('Qwen: stopped'), 'error')
    case 'starting': return item('loading~spin', t('Qwen: starting'))
    case 'running': break
  }
  if (view.signingIn) return item('loading~spin', t('Qwen: signing in'))
  if (!status) return view.problem === undefined ? item('loading~spin', 'Qwen') : item('warning', 'Qwen', 'warning')
  switch (status.state) {
    case 'signedOut': return item('sign-in', t('Qwen: signed out'), 'warning')
    case 'refused': return item('shield', t('Qwen: key held back'), 'warning')
    case 'signedIn': break
  }
  const icon = view.busy > 0 ? 'loading~spin' : status.problems.length > 0 ? 'warning' : 'comment-discussion'
  return item(icon, status.model ?? 'Qwen', status.problems.length > 0 ? 'warning' : 'none')
}

/** The method in words. */
export function methodName(status: AuthStatus, t: Translate): string {
  if (status.method === undefined) return t('none')
  return status.method === 'qwen-oauth' ? t('Qwen sign-in') : t('API key')
}

/** Where a value came from, in words; a path as the user knows it. */
export function originText(origin: Origin, home: string, t: Translate): string {
  const path = origin.path === undefined ? undefined : shorten(origin.path, home) + (origin.line === undefined ? '' : `:${origin.line}`)
  const at = (words: string) => (path === undefined ? words : `${words} ${path}`)
  switch (origin.kind) {
    case 'request': return t('this request')
    case 'projectFile': return at(t('project file'))
    case 'client': return t('VS Code settings')
    case 'environment': return origin.variable === undefined ? t('environment') : t('environment variable {0}', origin.variable)
    case 'homeFile': return at(t('home file'))
    case 'settings': return at(t('Qwen Code settings'))
    case 'keyring': return t('keyring')
    case 'credentialFile': return at(t('credential file'))
    case 'default': return origin.because === undefined ? t('default') : t('default: {0}', origin.because)
  }
}

function shorten(path: string, home: string): string {
  return home !== '' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}

/** The rows of the tooltip: what holds, and where it came from. */
export function statusRows(status: AuthStatus, home: string, t: Translate): { name: string; value: string; from?: string }[] {
  const rows: { name: string; value: string; from?: string }[] = []
  const add = (name: string, value: string | undefined, origin: Origin | undefined) => {
    if (value !== undefined) rows.push({ name, value, ...(origin ? { from: originText(origin, home, t) } : {}) })
  }
  add(t('Method'), methodName(status, t), status.origins.method)
  add(t('Provider'), status.provider?.name, undefined)
  add(t('Model'), status.model, status.origins.model)
  add(t('Key'), status.key, status.origins.apiKey)
  add(t('Endpoint'), status.baseUrl, status.origins.baseUrl)
  add(t('Expires'), status.expiresAt, undefined)
  const quota = quotaText(status, t)
  add(t('Quota'), quota, undefined)
  return rows
}

function quotaText(status: AuthStatus, t: Translate): string | undefined {
  const { quota } = status
  if (!quota) return undefined
  const parts = []
  if (quota.requestsPerMinute !== undefined) parts.push(t('{0} requests a minute', quota.requestsPerMinute))
  if (quota.requestsPerDay !== undefined) parts.push(t('{0} requests a day', quota.requestsPerDay))
  if (quota.usedToday !== undefined) parts.push(t('{0} used today', quota.usedToday))
  return parts.length > 0 ? parts.join(', ') : undefined
}

/** Text from files and servers, shown as it is: nothing in it becomes a link, an icon or a command. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&:@/]/g, '\\$&').replace(/\r?\n/g, ' ')
}

export function tooltip(view: View, home: string, t: Translate): string {
  const { status } = view
  switch (view.server) {
    case 'missing': return escapeMarkdown(t('The Qwen language server was not found. Click to see what to do.'))
    case 'stopped': return escapeMarkdown(t('The Qwen language server has stopped. Click to restart it.'))
    case 'starting': return escapeMarkdown(t('The Qwen language server is starting.'))
    case 'running': break
  }
  if (!status) return escapeMarkdown(view.problem ?? t('Asking the server…'))
  const lines = [`**Qwen**${view.rootName === undefined ? '' : ` · ${escapeMarkdown(view.rootName)}`}`, '']
  if (status.state === 'signedOut') lines.push(escapeMarkdown(t('Signed out. Click to sign in or to set a key.')), '')
  const rows = statusRows(status, home, t)
  if (rows.length > 0) {
    lines.push('| | | |', '|---|---|---|')
    for (const row of rows) {
      lines.push(`| ${escapeMarkdown(row.name)} | ${escapeMarkdown(row.value)} | ${row.from === undefined ? '' : `*${escapeMarkdown(row.from)}*`} |`)
    }
    lines.push('')
  }
  for (const { message } of status.problems) lines.push(`$(warning) ${escapeMarkdown(message)}`, '')
  for (const { origin, because } of status.ignored) {
    lines.push(`$(circle-slash) ${escapeMarkdown(t('Not used: {0}, {1}', originText(origin, home, t), because))}`, '')
  }
  return lines.join('\n')
}
