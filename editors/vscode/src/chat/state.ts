/** What the chat view shows, from what is known. Pure. */
import type { AuthStatus, DeviceAuthorization, Model } from '../protocol'
import type { ServerState } from '../status/present'
import type { Translate } from '../text'
import type { Attachment, Conversation } from './conversation'
import type { ViewState } from './wire'

export interface Known {
  server: ServerState
  status: AuthStatus | undefined
  device: DeviceAuthorization | undefined
  models: Model[]
  roots: ViewState['roots']
  conversation: Conversation
  attachments: Attachment[]
  busy: boolean
}

export function viewState(known: Known, t: Translate): ViewState {
  const { status, conversation, device } = known
  const notice = noticeOf(known, t)
  const model = conversation.model ?? status?.model ?? ''
  // A model that the list lacks can still be the chosen one.
  const models = known.models.some(({ id }) => id === model) || model === '' ? known.models : [{ id: model, current: true }, ...known.models]
  return {
    ready: known.server === 'running' && status?.state === 'signedIn',
    ...(notice ? { notice } : {}),
    ...(device ? { device: { code: device.userCode, page: device.verificationUri } } : {}),
    roots: known.roots,
    account: accountOf(status),
    models,
    model,
    title: conversation.title,
    turns: conversation.turns,
    busy: known.busy,
    attachments: known.attachments,
  }
}

/** Who is asked, in a few words. */
export function accountOf(status: AuthStatus | undefined): string {
  if (status?.state !== 'signedIn') return ''
  return [status.provider?.name, status.key].filter((each) => each !== undefined).join(' · ')
}

function noticeOf({ server, status, device }: Known, t: Translate): ViewState['notice'] {
  const restart = { title: t('Restart'), command: 'qwenls.restart' }
  switch (server) {
    case 'missing':
      return {
        text: t('The Qwen language server was not found. Install it, or set its path.'),
        actions: [{ title: t('Set Path'), command: 'qwenls.setPath' }, { title: t('Try Again'), command: 'qwenls.restart' }],
      }
    case 'stopped':
      return { text: t('The Qwen language server has stopped.'), actions: [restart, { title: t('Show Log'), command: 'qwenls.showLog' }] }
    case 'starting': return { text: t('The Qwen language server is starting.'), actions: [] }
    case 'running': break
  }
  if (!status) return { text: t('Asking the server…'), actions: [] }
  const setKey = { title: t('Set an API Key'), command: 'qwenls.setKey' }
  switch (status.state) {
    case 'signedIn': return undefined
    case 'signedOut':
      // While a sign-in waits, the view shows its code.
      if (device) return undefined
      return {
        text: t('Sign in with Qwen, or set an API key. A key in the project’s .qwen/.env file is found by itself.'),
        actions: [{ title: t('Sign in with Qwen'), command: 'qwenls.signIn' }, setKey],
      }
    case 'refused':
      return {
        text: status.problems.map(({ message }) => message).join(' ') || t('There is a key, and it may not be sent to this endpoint.'),
        actions: [{ title: t('Trust the Endpoint'), command: 'qwenls.trustEndpoint' }, setKey],
      }
  }
}
