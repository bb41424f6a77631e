/** A conversation: what was said, by whom, with what attached. Pure; the view and the history are made of it. */
import type { ChatDelta, ChatParams, ChatResult, DocumentUri, Message, Range } from '../protocol'

export interface Attachment {
  uri: DocumentUri
  /** Absent: the whole file. */
  range?: Range
  /** What the chip says, such as `app.ts:3-9`. */
  label: string
}

export type Outcome = 'running' | 'done' | 'stopped' | 'failed'

export interface Turn {
  question: string
  attachments: Attachment[]
  answer: string
  reasoning: string
  outcome: Outcome
  /** The model that answered, and the one asked for where the service fell back. */
  model?: string
  requestedModel?: string
  /** Who was asked, such as `OpenAI · sk-…9f3c`. */
  account?: string
  /** Why it failed, and the button that may help. */
  error?: { message: string; action?: { title: string; command: string; arguments: unknown[] } }
  /** What the server remarked, such as a finish that was cut short. */
  notes: string[]
}

export interface Conversation {
  id: string
  title: string
  /** When it was last changed; milliseconds. */
  changed: number
  turns: Turn[]
  /** The model chosen in the view; absent: the configured one. */
  model?: string
}

export function newConversation(id: string, now: number): Conversation {
  return { id, title: '', changed: now, turns: [] }
}

export function ask(conversation: Conversation, question: string, attachments: Attachment[], now: number): Turn {
  const turn: Turn = { question, attachments, answer: '', reasoning: '', outcome: 'running', notes: [] }
  conversation.turns.push(turn)
  conversation.changed = now
  if (conversation.title === '') conversation.title = titleOf(question)
  return turn
}

/** Takes the last turn back, to ask it again. */
export function takeBack(conversation: Conversation): Turn | undefined {
  return conversation.turns.pop()
}

export function append(turn: Turn, delta: ChatDelta): void {
  turn.answer += delta.content ?? ''
  turn.reasoning += delta.reasoning ?? ''
}

/** The result is the whole truth: it replaces what the deltas made. */
export function finish(turn: Turn, result: ChatResult): void {
  turn.answer = result.message.content
  turn.reasoning = result.message.reasoning ?? turn.reasoning
  turn.model = result.model
  if (result.requestedModel !== result.model) turn.requestedModel = result.requestedModel
  turn.notes = [...(result.warnings ?? [])]
  turn.outcome = 'done'
  if (result.finishReason === 'length') turn.notes.push('length')
  if (result.finishReason === 'contentFilter') turn.notes.push('contentFilter')
}

/** What the model is told: all that was said, without answers that never came. */
export function requestOf(conversation: Conversation): Pick<ChatParams, 'messages' | 'context' | 'model'> {
  const messages: Message[] = []
  for (const turn of conversation.turns) {
    messages.push({ role: 'user', content: turn.question })
    if (turn.outcome !== 'running' && turn.answer !== '') messages.push({ role: 'assistant', content: turn.answer })
  }
  const context = attachmentsOf(conversation).map(({ uri, range }) => ({ uri, ...(range ? { range } : {}) }))
  return {
    messages,
    ...(context.length > 0 ? { context } : {}),
    ...(conversation.model === undefined ? {} : { model: conversation.model }),
  }
}

/** Everything attached so far, each place once. */
function attachmentsOf(conversation: Conversation): Attachment[] {
  const all = conversation.turns.flatMap((turn) => turn.attachments)
  return all.filter((each, at) => all.findIndex((other) => sameAttachment(each, other)) === at)
}

export function sameAttachment(a: Attachment, b: Attachment): boolean {
  return a.uri === b.uri && JSON.stringify(a.range) === JSON.stringify(b.range)
}

export function titleOf(question: string): string {
  const line = question.trim().split('\n', 1)[0] ?? ''
  const characters = [...line]
  return characters.length > 60 ? `${characters.slice(0, 59).join('')}…` : line
}

/** `name:3-9`, `name:3`, or the name. Lines count from 1, as in the editor. */
export function labelOf(name: string, range?: Range): string {
  if (!range) return name
  // A selection that ends before the first character of a line does not hold that line.
  const last = range.end.character === 0 && range.end.line > range.start.line ? range.end.line : range.end.line + 1
  return last === range.start.line + 1 ? `${name}:${last}` : `${name}:${range.start.line + 1}-${last}`
}
