/** The sign-in that waits for the user: what it says, and when it is over. */
import type { DeviceAuthorization, ProgressToken } from '../protocol'
import type { Translate } from '../text'

/** The longest time that a timer can wait; milliseconds. */
const LONGEST = 2 ** 31 - 1

export interface WorkDone { kind: string; message?: string }

export class PendingSignIn {
  device: DeviceAuthorization | undefined
  /** The progress by which the server tells of it; none where this extension asked for the sign-in, and waits itself. */
  token: ProgressToken | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly changed: () => void) {}

  begin(device: DeviceAuthorization): void {
    this.clear()
    this.device = device
    const left = timeLeft(device)
    if (Number.isNaN(left)) return
    this.timer = setTimeout(() => {
      this.clear()
      this.changed()
    }, Math.min(Math.max(left, 0), LONGEST))
  }

  clear(): void {
    clearTimeout(this.timer)
    this.device = undefined
    this.token = undefined
  }

  /** Of all progress that the server began by itself, the sign-in's is the one that names its code. */
  progress(token: ProgressToken, { kind, message }: WorkDone): void {
    if (this.device && message?.includes(this.device.userCode)) this.token = token
    if (token !== this.token) return
    if (kind === 'end') this.clear()
    this.changed()
  }
}

/**
 * What the user is to do, with links: a progress notification has no buttons for it, but it stays as long as the
 * sign-in, where a message with buttons is hidden after seconds and stays in the list for ever.
 */
export function invitation(device: DeviceAuthorization, t: Translate): string {
  // Without brackets, nothing that a service wrote becomes a link.
  const [page, code] = [device.verificationUri, device.userCode].map((text) => text.replace(/[[\]]/g, ''))
  const minutes = Math.max(Math.ceil(timeLeft(device) / 60_000), 0)
  const links = [[t('Open Page'), 'open'], [t('Copy Code'), 'copyCode'], [t('Copy Address'), 'copyAddress']]
  return [
    t('open {0} and enter the code {1}.', page ?? '', code ?? ''),
    ...(Number.isNaN(minutes) ? [] : [t('{0} min left.', minutes)]),
    links.map(([title, name]) => `[${title}](command:qwenls.signIn.${name})`).join(' · '),
  ].join(' ')
}

/** Milliseconds; not a number where the time cannot be read. */
function timeLeft(device: DeviceAuthorization): number {
  return Date.parse(device.expiresAt) - Date.now()
}
