/** The conversations that the chat view shows: one per root at a time, each with its own attachments and answer. */
import { randomUUID } from 'node:crypto'
import * as vscode from 'vscode'
import { commandOf, failureOf } from '../errors'
import type { ChatDelta, Place } from '../protocol'
import type { Qwen } from '../qwen'
import { keyOf } from '../roots'
import { type Attachment, type Conversation, append, ask, finish, newConversation, requestOf, sameAttachment, takeBack } from './conversation'
import { History, type Store } from './history'
import { accountOf } from './state'

export class ChatSession implements vscode.Disposable {
  readonly history: History
  private readonly conversations = new Map<string, Conversation>()
  private readonly chips = new Map<string, Attachment[]>()
  private readonly running = new Map<string, vscode.CancellationTokenSource>()
  private readonly changed = new vscode.EventEmitter<void>()
  private readonly streamed = new vscode.EventEmitter<ChatDelta>()
  /** What is shown changed, but for a delta. */
  readonly onDidChange = this.changed.event
  /** A delta of the answer that is shown. */
  readonly onDidStream = this.streamed.event

  constructor(private readonly qwen: Qwen, store: Store) {
    this.history = new History(store)
  }

  get root(): string {
    return keyOf(this.qwen.roots.current)
  }

  get conversation(): Conversation {
    let conversation = this.conversations.get(this.root)
    if (!conversation) {
      conversation = newConversation(randomUUID(), Date.now())
      this.conversations.set(this.root, conversation)
    }
    return conversation
  }

  get attachments(): Attachment[] {
    return this.chips.get(this.root) ?? []
  }

  get busy(): boolean {
    return this.running.has(this.root)
  }

  attach(attachment: Attachment): void {
    if (this.attachments.some((each) => sameAttachment(each, attachment))) return
    this.setAttachments([...this.attachments, attachment])
  }

  detach(at: number): void {
    this.setAttachments(this.attachments.filter((_, index) => index !== at))
  }

  setModel(id: string): void {
    this.conversation.model = id
    this.changed.fire()
  }

  startNew(): void {
    this.stop()
    this.show(newConversation(randomUUID(), Date.now()))
  }

  openOld(id: string): void {
    // It is in the list from its first question on; stored, it lacks the answer that is on its way.
    if (id === this.conversation.id) return
    const old = this.history.get(this.root, id)
    if (!old) return
    this.stop()
    this.show(structuredClone(old))
  }

  async send(question: string): Promise<void> {
    if (this.busy || question.trim() === '') return
    const attachments = this.attachments
    this.setAttachments([])
    await this.answer(question, attachments)
  }

  async retry(): Promise<void> {
    if (this.busy) return
    const last = takeBack(this.conversation)
    if (last) await this.answer(last.question, last.attachments)
  }

  stop(): void {
    this.running.get(this.root)?.cancel()
  }

  dispose(): void {
    this.running.forEach((each) => each.cancel())
    this.changed.dispose()
    this.streamed.dispose()
  }

  /** All of it belongs to the root that was current when it began, whatever the user looks at meanwhile. */
  private async answer(question: string, attachments: Attachment[]): Promise<void> {
    const place: Place = this.qwen.roots.current
    const root = keyOf(place)
    const { conversation } = this
    const turn = ask(conversation, question, attachments, Date.now())
    turn.account = accountOf(this.qwen.status)
    const cancellation = new vscode.CancellationTokenSource()
    this.running.set(root, cancellation)
    this.fire()
    // Now, too: the window may be closed before there is an answer.
    void this.keep(root, conversation)
    try {
      const result = await this.qwen.chat({ ...place, ...requestOf(conversation) }, (delta) => {
        append(turn, delta)
        if (this.conversations.get(this.root) === conversation) this.streamed.fire(delta)
      }, cancellation.token)
      finish(turn, result)
    } catch (error) {
      const failure = failureOf(error)
      turn.outcome = failure.cancelled || cancellation.token.isCancellationRequested ? 'stopped' : 'failed'
      if (turn.outcome === 'failed') {
        const { data } = failure
        const action = commandOf(data)
        turn.error = { message: data?.hint === undefined ? failure.message : `${failure.message} ${data.hint}`, ...(action ? { action } : {}) }
        if (turn.answer === '' && data?.partial !== undefined) turn.answer = data.partial
      }
    } finally {
      this.running.delete(root)
      cancellation.dispose()
      conversation.changed = Date.now()
      await this.keep(root, conversation)
      this.fire()
    }
  }

  /** A history that cannot be written must not stop the chat. */
  private async keep(root: string, conversation: Conversation): Promise<void> {
    try {
      await this.history.save(root, conversation)
    } catch (error) {
      this.qwen.log.warn(failureOf(error).message)
    }
  }

  private show(conversation: Conversation): void {
    this.conversations.set(this.root, conversation)
    this.fire()
  }

  private setAttachments(attachments: Attachment[]): void {
    this.chips.set(this.root, attachments)
    this.changed.fire()
  }

  private fire(): void {
    void vscode.commands.executeCommand('setContext', 'qwenls.chatBusy', this.busy)
    this.changed.fire()
  }
}
