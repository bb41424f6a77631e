// A test's world: an empty HOME, roots with files, a stand-in for the services, and a browser that only takes notes.
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { survivors } from './processes.mjs'

export const here = dirname(fileURLToPath(import.meta.url))
export const repository = resolve(here, '../..')
export const cache = process.env.QWEN_TEST_CACHE ?? join(process.env.HOME, '.cache/qwen-language-server-tests')
export const server = process.env.QWEN_LANGUAGE_SERVER ?? join(repository, 'target/debug/qwen-language-server')

/** Waits until `look` gives something true. What it waits for is a state, never a time; the limit only ends a failing test. */
export async function until(look, what, limit = 20000) {
  const end = Date.now() + limit
  for (;;) {
    const value = await look()
    if (value) return value
    if (Date.now() > end) throw new Error(`waited in vain for ${typeof what === 'function' ? what() : what}`)
    await sleep(30)
  }
}

export class World {
  /** What is to be stopped before the folder is removed; the last comes first. */
  ends = []

  /** Makes the world and puts its end into the test's own: every test takes down what it built. */
  static async make(test) {
    const world = new World()
    test.after(() => world.dispose())
    await world.#build()
    return world
  }

  async #build() {
    this.dir = mkdtempSync(join(tmpdir(), 'qwen-editor-test-'))
    this.home = this.path('home')
    mkdirSync(this.home)
    mkdirSync(this.path('bin'))
    // XDG_OPEN_EXIT and XDG_OPEN_HOLD make it a browser that fails, or one that stays in the foreground.
    writeFileSync(this.path('bin/xdg-open'), `#!/bin/sh
printf '%s\\n' "$1" >> '${this.path('opened')}'
[ -z "$XDG_OPEN_HOLD" ] || { while [ ! -e '${this.path('let-go')}' ]; do sleep 0.05; done; echo ended >> '${this.path('opened')}'; }
exit "\${XDG_OPEN_EXIT:-0}"
`)
    chmodSync(this.path('bin/xdg-open'), 0o755)
    this.standin = spawn(process.execPath, [join(here, 'standin.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.url = await new Promise((done) => createInterface({ input: this.standin.stdout }).once('line', done))
    // Nothing of the developer's own environment, keys above all.
    this.env = {
      HOME: this.home, PATH: `${this.path('bin')}:/usr/local/bin:/usr/bin:/bin`, LANG: 'C.UTF-8', TERM: 'xterm-256color',
      QWEN_OAUTH_BASE_URL: this.url, QWEN_LANGUAGE_SERVER: server, WORLD: this.dir, STANDIN: this.url,
    }
  }

  path(...parts) { return join(this.dir, ...parts) }

  write(name, text, mode = 0o644) {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text, { mode })
    return this.path(name)
  }

  read(name) { return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : '' }

  /** A root with a key of its own that leads to the stand-in. */
  root(name, key, model = 'qwen3-coder-plus') {
    this.write(`${name}/.qwen/.env`, `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=${this.url}/v1\nOPENAI_MODEL=${model}\n`, 0o600)
    this.write(`${name}/main.py`, 'def add(a, b):\n    return a - b\n')
    return this.path(name)
  }

  async get(path) { return (await fetch(this.url + path)).json() }
  async post(path, body = {}) { return (await fetch(this.url + path, { method: 'POST', body: JSON.stringify(body) })).json() }
  opened() { return this.read('opened').split('\n').filter(Boolean) }

  async dispose() {
    writeFileSync(this.path('let-go'), '')
    for (const end of this.ends.reverse()) end()
    try {
      // A program that still writes would bring the folder back.
      await until(() => survivors(this).length === 0, () => `the end of ${survivors(this)}`)
    } finally {
      this.standin.stdin.end()
      await new Promise((done) => this.standin.exitCode === null ? this.standin.once('exit', done) : done())
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}
