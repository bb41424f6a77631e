// The editor that windows are opened in: VS Code's server, the stand-in for the services, and a page of a headless
// Chromium. To start it and to load VS Code's 19 MB of JavaScript into a new page takes longer than most tests do. So one
// editor serves the tests that want it launched alike, one after another; each finds it as it was after its start: no file
// of a user's, nothing stored in the browser, no extension or server of a window. A test that fails takes its editor with it.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../world.mjs'

const here = dirname(fileURLToPath(import.meta.url))
export const cache = process.env.QWEN_TEST_CACHE
const { chromium } = createRequire(join(cache, 'playwright/package.json'))('playwright-core')

/** What no log and no file of the editor's may ever hold. */
const CANARY = /sk-canary-[a-z]+/

/** The processes of a window: where extensions run, and the servers that they started. */
export const SERVER = 'qwen-language-server( |$).*--stdio'
const EXTENSION_HOST = 'type=extensionHost'
const OF_A_WINDOW = `${SERVER}|${EXTENSION_HOST}`

let browser
/** The editors that are running, by how they were launched. */
const editors = new Map()
/** How a test launches one that asks for nothing special. */
const PLAIN = JSON.stringify({ bundled: true, environment: {}, restricted: false, language: 'en' })

export function write(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode: 0o600 })
}

/** The first part of a program's output that fits. */
function saidBy(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = ''
    const look = (chunk) => {
      text += chunk
      const found = pattern.exec(text)
      if (found) resolve(found[1])
    }
    child.stdout.on('data', look)
    child.stderr?.on('data', look)
    child.on('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)))
  })
}

function pgrep(...args) {
  return spawnSync('pgrep', args, { encoding: 'utf8' }).stdout.trim().split('\n').filter(Boolean)
}

class Editor {
  #ends = []
  #windows = 0

  static async launch(options) {
    const editor = new Editor()
    try {
      await editor.#start(options)
    } catch (error) {
      await editor.end()
      throw error
    }
    return editor
  }

  async #start({ bundled, environment, restricted, language, onPath }) {
    this.home = mkdtempSync(join(tmpdir(), 'qwen-home-'))
    this.#ends.push(() => removed(this.home))
    this.data = join(this.home, '.data')
    this.#ends.push(() => this.assertNoKey())
    await this.#startStandin()
    // VS Code takes the environment of a login shell.
    if (onPath) write(join(this.home, '.bash_profile'), `PATH='${onPath}':$PATH\n`)
    const options = restricted ? [] : ['--disable-workspace-trust']
    if (language !== 'en') {
      // A language pack without words: VS Code itself stays English, and tells extensions the language.
      write(join(this.data, 'words.json'), JSON.stringify({ contents: {} }))
      write(join(this.data, 'languagepacks.json'), JSON.stringify({ [language]: { hash: language, label: language, extensions: [{ extensionIdentifier: { id: 'qwen-tests.consumer' }, version: '1.0.0' }], translations: { vscode: join(this.data, 'words.json') } } }))
      options.push('--locale', language)
    }
    let extensions = process.env.EXTENSIONS
    if (!bundled) {
      cpSync(extensions, join(this.home, '.ext'), { recursive: true })
      extensions = join(this.home, '.ext')
      const [folder] = readdirSync(extensions).filter((name) => name.startsWith('qwen-language-server'))
      rmSync(join(extensions, folder, 'bin'), { recursive: true })
    }
    // What an editor that has just been installed has in its HOME; all else comes from a test, and goes with it.
    this.kept = new Set(readdirSync(this.home).concat('.data'))
    const server = spawn(join(here, '../../run-vscode.sh'), [this.data, extensions, ...options], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.home, LANG: 'C.UTF-8', QWEN_TEST_CACHE: cache, QWEN_OAUTH_BASE_URL: this.api, SHELL: '/bin/bash', ...environment },
    })
    this.group = server.pid
    const ended = new Promise((resolve) => server.on('exit', resolve))
    this.#ends.push(() => {
      kill(-server.pid)
      return ended
    })
    this.address = await saidBy(server, /listening on (http:\/\/127\.0\.0\.1:\d+)/)

    // Nothing leads out of this machine. Not by a route of Playwright's, which turns off the browser's cache.
    browser ??= await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] })
    this.context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
    this.#ends.push(() => this.context.close())
    await this.openPage()
  }

  async openPage() {
    this.page = await this.context.newPage()
    this.page.setDefaultTimeout(30_000)
  }

  /** The stand-in of a window remembers nothing of an earlier one; the address is the one that the editor was told. */
  async #startStandin() {
    const args = this.api ? ['--port', new URL(this.api).port] : []
    const standin = spawn(process.execPath, [join(here, '../../standin.mjs'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => standin.on('exit', resolve))
    this.endStandin = () => {
      standin.kill()
      return ended
    }
    if (!this.api) this.#ends.push(() => this.endStandin())
    this.api = await saidBy(standin, /(http:\/\/\S+)/)
  }

  /** A folder for the files of the next window. No two windows have the same: what VS Code keeps for a folder is not found. */
  place() {
    this.#windows += 1
    return join(this.home, String(this.#windows))
  }

  /** Processes of this editor whose command line fits. One that has ended and still waits for its parent has none. */
  processes(pattern) {
    return pgrep('-g', String(this.group), '-f', pattern).map(Number)
  }

  extensionHosts() {
    return this.processes(EXTENSION_HOST)
  }

  commands(pattern) {
    return pgrep('-a', '-g', String(this.group), '-f', pattern).join('; ')
  }

  /** Leaves the window, and makes the editor as it was before it. */
  async leave() {
    for (const page of this.context.pages()) if (page !== this.page) await page.close()
    if (this.page.isClosed()) await this.openPage()
    // A page of the same address, without a script of VS Code's.
    await this.page.goto(`${this.address}/healthz`)
    await until(() => {
      // VS Code keeps the processes of a window that was loaded anew for hours, for it might come back.
      this.extensionHosts().forEach(kill)
      return this.processes(OF_A_WINDOW).length === 0
    }, () => `the end of what the window ran: ${this.commands(OF_A_WINDOW)}`, 30_000)
    const session = await this.context.newCDPSession(this.page)
    await session.send('Storage.clearDataForOrigin', { origin: this.address, storageTypes: 'cookies,file_systems,indexeddb,local_storage,service_workers' })
    await session.detach()
    this.assertNoKey()
    for (const name of readdirSync(this.home)) if (!this.kept.has(name)) removed(join(this.home, name))
    for (const name of ['User', 'Machine']) removed(join(this.data, name))
    await this.restartStandin()
  }

  /** The new one remembers nothing of what the old one was asked. */
  async restartStandin() {
    await this.endStandin()
    await this.#startStandin()
  }

  /** No file of the editor's own holds a whole key. */
  assertNoKey() {
    const leak = fileWithKey(this.data)
    if (leak) throw new Error(`a key is in ${leak}`)
  }

  /** Ends all that there is, whatever fails. */
  async end() {
    const failures = []
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

/** The editor that runs and was launched alike, or a new one. The plain one stays for later tests, of the others the last. */
export async function editorFor(launch) {
  const key = JSON.stringify(launch)
  if (!editors.has(key)) {
    for (const [other, editor] of editors) if (other !== PLAIN) await endEditor(editor)
    editors.set(key, await Editor.launch(launch))
  }
  return editors.get(key)
}

export async function endEditor(ending) {
  for (const [key, editor] of editors) if (editor === ending) editors.delete(key)
  await ending.end()
}

export async function closeEditors() {
  const ends = await Promise.allSettled([...editors.values()].map(endEditor))
  await browser?.close()
  browser = undefined
  for (const { reason } of ends) if (reason) throw reason
}

// An editor has a process group of its own, which does not end with this process.
process.on('exit', () => {
  for (const { group } of editors.values()) kill(-group)
})
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) process.on(signal, () => process.exit(code))

/** Ends a process, or the group whose number is negative. */
export function kill(id) {
  try {
    process.kill(id, 'SIGKILL')
  } catch { /* it is gone */ }
}

function removed(path) {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** A file below the editor's own data that holds a whole key. */
function fileWithKey(data) {
  if (!existsSync(data)) return undefined
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name)).find((path) => CANARY.test(textOf(path)))
}

/** A file that its writer has just renamed is found by its new name, or the next time. */
function textOf(path) {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}
