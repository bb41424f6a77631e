/** What the extension and its chat view say to each other. */
import type { Attachment, Turn } from './conversation'
import type { Model } from '../protocol'

/** Everything that the view shows. The extension holds the truth; the view draws it. */
export interface ViewState {
  /** `signedOut` also covers a key that is held back and a server that is not there; `notice` says which. */
  ready: boolean
  notice?: { text: string; actions: { title: string; command: string }[] }
  device?: { code: string; page: string }
  roots: { uri: string; name: string; current: boolean }[]
  /** Who answers, such as `sk-…9f3c · OpenAI`. */
  account: string
  models: Model[]
  /** The model of this conversation. */
  model: string
  title: string
  turns: Turn[]
  busy: boolean
  attachments: Attachment[]
}

export type ToView =
  | { type: 'state'; state: ViewState }
  | { type: 'delta'; content: string; reasoning: string }
  | { type: 'focus'; prompt?: string }

export type FromView =
  | { type: 'ready' }
  | { type: 'send'; text: string }
  | { type: 'stop' }
  | { type: 'retry' }
  | { type: 'newChat' }
  | { type: 'history' }
  | { type: 'model'; id: string }
  | { type: 'root'; uri: string }
  | { type: 'attachFile' }
  | { type: 'attachEditor' }
  | { type: 'detach'; at: number }
  | { type: 'open'; attachment: Attachment }
  | { type: 'copy'; text: string }
  | { type: 'insert'; text: string }
  | { type: 'apply'; text: string; turn: number }
  | { type: 'link'; address: string }
  | { type: 'command'; command: string; arguments?: unknown[] }
