/** Draws the turns of a conversation; a turn that did not change keeps its elements. */
import type { Turn } from '../chat/conversation'
import type { FromView } from '../chat/wire'
import type { Words } from '../chat/words'
import { button, fill, h } from './dom'
import { renderer } from './markdown'

interface Drawn { element: HTMLElement; answer: HTMLElement; reasoning: HTMLElement; json: string }

export class Turns {
  readonly element: HTMLElement
  private drawn: Drawn[] = []
  private turns: Turn[] = []
  private readonly render: (text: string) => string
  private frame = 0
  private atEnd = true

  constructor(private readonly words: Words, private readonly post: (message: FromView) => void, private readonly say: (text: string) => void) {
    this.render = renderer(words)
    this.element = h('main', { role: 'log', 'aria-label': words.conversation, 'aria-live': 'off', tabindex: '0' })
    this.element.addEventListener('click', (event) => this.click(event))
    this.element.addEventListener('scroll', () => (this.atEnd = this.isNearEnd()))
    // A chip above the box takes a line from here; the end stays in sight.
    new ResizeObserver(() => {
      if (this.atEnd) this.element.scrollTop = this.element.scrollHeight
    }).observe(this.element)
  }

  show(turns: Turn[]): void {
    this.turns = turns
    this.drawn.splice(turns.length).forEach(({ element }) => element.remove())
    turns.forEach((turn, at) => {
      const json = JSON.stringify([turn, at === turns.length - 1])
      const old = this.drawn[at]
      if (old?.json === json) return
      const fresh = this.draw(turn, at === turns.length - 1, json)
      if (old) old.element.replaceWith(fresh.element)
      else this.element.append(fresh.element)
      this.drawn[at] = fresh
    })
    this.element.setAttribute('aria-busy', String(turns.at(-1)?.outcome === 'running'))
    this.follow()
  }

  /** More of the last answer. It is drawn once a frame, however fast the deltas come. */
  append(content: string, reasoning: string): void {
    const turn = this.turns.at(-1)
    if (!turn) return
    turn.answer += content
    turn.reasoning += reasoning
    if (this.frame !== 0) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      const last = this.drawn.at(-1)
      if (last) this.drawAnswer(last, turn)
      this.follow()
    })
  }

  private draw(turn: Turn, last: boolean, json: string): Drawn {
    const { words } = this
    const answer = h('div', { class: 'answer' })
    const reasoning = h('details', { class: 'reasoning' })
    const chips = turn.attachments.map((attachment) => {
      const chip = button(attachment.label, { class: 'chip', title: fill(words.open, attachment.label) }, () => this.post({ type: 'open', attachment }))
      return h('li', {}, chip)
    })
    const element = h('article', { class: `turn ${turn.outcome}` },
      h('section', { class: 'question', 'aria-label': words.you },
        h('h2', {}, words.you), h('p', {}, turn.question), chips.length > 0 ? h('ul', { class: 'chips' }, ...chips) : undefined),
      h('section', { class: 'reply', 'aria-label': 'Qwen' },
        h('h2', {}, 'Qwen', h('small', {}, [turn.model, turn.account].filter((each) => each).join(' · '))),
        reasoning, answer, ...this.remarks(turn), this.actions(turn, last)))
    const drawn = { element, answer, reasoning, json }
    this.drawAnswer(drawn, turn)
    return drawn
  }

  private drawAnswer({ answer, reasoning }: Drawn, turn: Turn): void {
    const waiting = turn.outcome === 'running' && turn.answer === ''
    // Safe: the renderer escapes everything that the model wrote, and the page's policy allows no script of its own.
    answer.innerHTML = this.render(turn.answer)
    if (waiting) answer.append(h('p', { class: 'waiting' }, this.words.thinking))
    reasoning.hidden = turn.reasoning === ''
    reasoning.replaceChildren(h('summary', {}, this.words.reasoning), h('p', {}, turn.reasoning))
  }

  private remarks(turn: Turn): HTMLElement[] {
    const { words } = this
    const remark = (text: string) => h('p', { class: 'remark' }, text)
    const notes = turn.notes.map((note) => remark(note === 'length' ? words.cutShort : note === 'contentFilter' ? words.filtered : note))
    if (turn.requestedModel !== undefined) notes.push(remark(fill(words.fellBack, turn.model ?? '', turn.requestedModel)))
    if (turn.outcome === 'stopped') notes.push(remark(words.stopped))
    if (turn.error) {
      const { message, action } = turn.error
      const act = action && button(action.title, { class: 'primary' }, () => this.post({ type: 'command', command: action.command, arguments: action.arguments }))
      notes.push(h('div', { class: 'error', role: 'alert' }, h('p', {}, message), act))
    }
    return notes
  }

  private actions(turn: Turn, last: boolean): HTMLElement | undefined {
    if (turn.outcome === 'running') return undefined
    const { words } = this
    return h('div', { class: 'actions' },
      turn.answer === '' ? undefined : button(words.copyAnswer, {}, () => this.post({ type: 'copy', text: turn.answer })),
      last ? button(words.retry, {}, () => this.post({ type: 'retry' })) : undefined)
  }

  private click(event: MouseEvent): void {
    if (!(event.target instanceof Element)) return
    const link = event.target.closest('a')
    if (link) {
      event.preventDefault()
      this.post({ type: 'link', address: link.getAttribute('href') ?? '' })
    }
    const act = event.target.closest<HTMLElement>('[data-act]')
    const code = act?.closest('figure')?.querySelector('code')?.textContent
    if (!act || code == null) return
    const turn = this.drawn.findIndex(({ element }) => element.contains(act))
    switch (act.dataset['act']) {
      case 'copy': return this.copy(act, code)
      case 'insert': return this.post({ type: 'insert', text: code })
      case 'apply': return this.post({ type: 'apply', text: code, turn })
    }
  }

  private copy(at: HTMLElement, text: string): void {
    this.post({ type: 'copy', text })
    at.textContent = this.words.copied
    this.say(this.words.copied)
    at.addEventListener('blur', () => (at.textContent = this.words.copy), { once: true })
  }

  /** Stays at the end while the reader is there; someone who scrolled up is left alone. */
  private follow(): void {
    const last = this.turns.at(-1)
    if (this.isNearEnd() || (last?.outcome === 'running' && last.answer === '')) this.element.scrollTop = this.element.scrollHeight
  }

  private isNearEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.element
    return scrollHeight - scrollTop - clientHeight < 120
  }
}
