/** What the menu of the status bar item offers, by what the server says. Pure. */
import type { AuthStatus, DeviceAuthorization, Origin } from '../protocol'
import type { Translate } from '../text'
import type { ServerState } from './present'

export interface Entry {
  label: string
  detail?: string
  command: string
}

export interface Situation {
  server: ServerState
  status: AuthStatus | undefined
  /** A sign-in that waits for the user. */
  device: DeviceAuthorization | undefined
  roots: number
}

export function menuEntries({ server, status, device, roots }: Situation, t: Translate): Entry[] {
  const log: Entry[] = [
    { label: `$(refresh) ${t('Restart the server')}`, command: 'qwenls.restart' },
    { label: `$(output) ${t('Show the log')}`, command: 'qwenls.showLog' },
  ]
  if (server === 'missing' || server === 'stopped') {
    const settings = { label: `$(gear) ${t('Set the path of the server')}`, command: 'qwenls.setPath' }
    return server === 'missing' ? [settings, ...log] : [...log, settings]
  }
  const entries: Entry[] = []
  if (device) {
    entries.push(
      { label: `$(link-external) ${t('Open the sign-in page')}`, detail: device.verificationUri, command: 'qwenls.signIn.open' },
      { label: `$(copy) ${t('Copy the code {0}', device.userCode)}`, command: 'qwenls.signIn.copyCode' },
      { label: `$(copy) ${t('Copy the address of the page')}`, command: 'qwenls.signIn.copyAddress' },
      { label: `$(close) ${t('Cancel signing in')}`, command: 'qwenls.signIn.cancel' },
    )
  }
  const signedIn = status?.state === 'signedIn'
  if (signedIn) entries.push({ label: `$(comment-discussion) ${t('Open the chat')}`, command: 'qwenls.openChat' })
  if (status?.state === 'refused' && status.baseUrl !== undefined) {
    entries.push({ label: `$(shield) ${t('Trust {0}', status.baseUrl)}`, detail: t('Lets your key go there, for this root alone'), command: 'qwenls.trustEndpoint' })
  }
  if (signedIn) {
    entries.push({ label: `$(symbol-misc) ${t('Change the model')}`, ...(status.model === undefined ? {} : { detail: status.model }), command: 'qwenls.selectModel' })
  }
  if (!device && (!signedIn || status.method !== 'qwen-oauth')) entries.push({ label: `$(sign-in) ${t('Sign in with Qwen')}`, command: 'qwenls.signIn' })
  entries.push({ label: `$(key) ${t('Set an API key')}`, command: 'qwenls.setKey' })
  if (signedIn) {
    entries.push({ label: `$(arrow-swap) ${t('Switch the method')}`, command: 'qwenls.switchMethod' }, { label: `$(sign-out) ${t('Sign out')}`, command: 'qwenls.signOut' })
  }
  const file = winningFile(status)
  if (file) entries.push({ label: `$(go-to-file) ${t('Open the file that won')}`, detail: file.path, command: 'qwenls.openOrigin' })
  entries.push({ label: `$(info) ${t('Show all values and where they came from')}`, command: 'qwenls.showStatus' })
  if (roots > 1) entries.push({ label: `$(root-folder) ${t('Another folder')}`, command: 'qwenls.menu.root' })
  entries.push({ label: `$(pulse) ${t('Doctor')}`, detail: t('A report with no secret in it'), command: 'qwenls.doctor' })
  return [...entries, ...log]
}

/** The file that the key came from, else the one that another value came from. */
export function winningFile(status: AuthStatus | undefined): (Origin & { path: string }) | undefined {
  if (!status) return undefined
  const { apiKey, baseUrl, model, method } = status.origins
  for (const origin of [apiKey, baseUrl, model, method]) {
    if (origin?.path !== undefined && origin.kind !== 'credentialFile') return { ...origin, path: origin.path }
  }
  return undefined
}
