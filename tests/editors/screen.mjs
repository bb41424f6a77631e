// A terminal that a program runs in and that a test reads: tmux on a socket of its own.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './world.mjs'

let count = 0

export class Screen {
  /** Starts `command` (a list of words) in the world's environment; it ends with the world. */
  static start(world, command, { env = {}, cwd = world.home, columns = 110, rows = 30 } = {}) {
    const screen = new Screen()
    screen.socket = `qwen-test-${process.pid}-${count += 1}`
    // tmux leaves its socket behind; here it goes with the world.
    screen.env = { ...process.env, TMUX_TMPDIR: world.dir }
    screen.pictures = process.env.QWEN_TEST_PICTURES
    world.ends.push(() => screen.stop())
    const words = ['env', '-i', ...Object.entries({ ...world.env, ...env }).map(([name, value]) => `${name}=${value}`), ...command]
    screen.tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), '-c', cwd, words.map(quote).join(' '))
    screen.tmux('set-option', '-g', 'escape-time', '0')
    screen.tmux('set-option', '-g', 'status', 'off')
    screen.tmux('set-option', '-g', 'remain-on-exit', 'on')
    screen.pid = Number(screen.tmux('display-message', '-p', '#{pane_pid}').trim())
    return screen
  }

  tmux(...words) { return execFileSync('tmux', ['-L', this.socket, ...words], { encoding: 'utf8', env: this.env, stdio: ['ignore', 'pipe', 'pipe'] }) }

  /** What the screen shows. */
  text() { return this.tmux('capture-pane', '-p') }

  /** Keys by tmux's names: 'Enter', 'Escape', 'C-c'. */
  keys(...names) { this.tmux('send-keys', ...names) }

  /** Text as typed. */
  type(text) { this.tmux('send-keys', '-l', text) }

  /** Waits until the screen shows a text, or matches a pattern. */
  async shows(wanted, limit) {
    const matches = (text) => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted))
    return until(() => { const text = this.text(); return matches(text) && text }, () => `${wanted} on the screen:\n${this.text()}`, limit)
  }

  async hides(unwanted) {
    return until(() => !this.text().includes(unwanted), () => `${unwanted} to leave the screen:\n${this.text()}`)
  }

  /** Waits until the program has ended by itself. */
  async ended() { return until(() => this.tmux('display-message', '-p', '#{pane_dead}').trim() === '1', () => `the end of the program:\n${this.text()}`) }

  /** Keeps what the screen shows, for people, when QWEN_TEST_PICTURES names a folder. */
  picture(name) {
    if (!this.pictures) return
    mkdirSync(this.pictures, { recursive: true })
    writeFileSync(join(this.pictures, `${name}.txt`), this.text())
  }

  stop() { spawnSync('tmux', ['-L', this.socket, 'kill-server'], { env: this.env, stdio: 'ignore' }) }
}

const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`
