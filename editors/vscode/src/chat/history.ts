/** The conversations of each root, kept by the editor on this machine. */
import type { Conversation } from './conversation'

/** Where they are kept. */
export interface Store {
  get<T>(key: string): T | undefined
  update(key: string, value: unknown): Promise<void>
}

const LIMIT = 50

export class History {
  constructor(private readonly store: Store) {}

  /** Newest first. */
  list(root: string): Conversation[] {
    return this.store.get<Conversation[]>(keyOf(root)) ?? []
  }

  get(root: string, id: string): Conversation | undefined {
    return this.list(root).find((each) => each.id === id)
  }

  async save(root: string, conversation: Conversation): Promise<void> {
    if (conversation.turns.length === 0) return
    // A copy: what is stored must not change while an answer streams.
    const copy = structuredClone(conversation)
    for (const turn of copy.turns) if (turn.outcome === 'running') turn.outcome = 'stopped'
    const others = this.list(root).filter((each) => each.id !== conversation.id)
    const newestFirst = [copy, ...others].sort((a, b) => b.changed - a.changed)
    await this.store.update(keyOf(root), newestFirst.slice(0, LIMIT))
  }

  async remove(root: string, id: string): Promise<void> {
    await this.store.update(keyOf(root), this.list(root).filter((each) => each.id !== id))
  }
}

function keyOf(root: string): string {
  return `qwenls.history:${root}`
}
