// A real VS Code in a headless Chromium: each window has an empty HOME, its own folders, settings and stand-in.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const cache = process.env.QWEN_TEST_CACHE
const { chromium } = createRequire(join(cache, 'playwright/package.json'))('playwright-core')
/** The README's pictures go where they are asked for; the others are only to be looked at. */
const readme = readFileSync(join(here, '../../../../editors/vscode/README.md'), 'utf8')
const picturePath = (name) => join((readme.includes(`(images/${name}.png)`) && process.env.QWEN_PICTURES) || join(cache, 'pictures'), `${name}.png`)
const runScript = join(here, '../../run-vscode.sh')

/** What no log and no file of the editor's may ever hold. */
const CANARY = /sk-canary-[a-z]+/

/** The item in the status bar. */
export const ITEM = '#qwen-language-server\\.qwen-language-server\\.qwenls\\.status'

let browser
let extensions

/** The packed extension, and the tests' own that uses it, installed once. */
function installed() {
  if (extensions) return extensions
  extensions = mkdtempSync(join(tmpdir(), 'qwen-ext-'))
  const data = mkdtempSync(join(tmpdir(), 'qwen-data-'))
  const packages = [process.env.VSIX, process.env.CONSUMER_VSIX].flatMap((path) => ['--install-extension', path])
  const done = spawnSync(runScript, [data, extensions, ...packages], { encoding: 'utf8' })
  rmSync(data, { recursive: true, force: true })
  if (done.status !== 0) throw new Error(done.stdout + done.stderr)
  return extensions
}

export async function closeAll() {
  await browser?.close()
  if (extensions) rmSync(extensions, { recursive: true, force: true })
}

/** What `probe` says once it says anything, for what no event tells: asked again and again, given up after a time. */
async function until(what, probe) {
  for (const end = Date.now() + 30_000; Date.now() < end; await pause(50)) {
    const found = await probe()
    if (found !== undefined) return found
  }
  throw new Error(`waited in vain for ${what}`)
}

/** The first line of a program's output that fits. */
function lineOf(child, pattern) {
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

/**
 * folders: { name: { 'path': 'content' } }; `$API` in a content is the stand-in's address.
 * Options: settings, theme, `bundled: false` for a package without a server, environment, `restricted: true` for folders
 * that are not trusted, the language, `onPath` a folder that the user's shell puts on PATH.
 */
async function openWindow({ folders = { app: {} }, settings = {}, theme = 'Dark Modern', bundled = true, environment = {}, restricted = false, language = 'en', onPath, size, ends, shows }) {
  const home = mkdtempSync(join(tmpdir(), 'qwen-home-'))
  ends.push(() => rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  const standin = spawn(process.execPath, [join(here, '../../standin.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
  ends.push(() => standin.kill())
  const api = await lineOf(standin, /(http:\/\/\S+)/)

  const roots = {}
  for (const [name, files] of Object.entries(folders)) {
    roots[name] = join(home, name)
    mkdirSync(roots[name])
    for (const [path, content] of Object.entries(files)) write(join(roots[name], path), content.replaceAll('$API', api))
  }
  // VS Code takes the environment of a login shell.
  if (onPath) write(join(home, '.bash_profile'), `PATH='${onPath}':$PATH\n`)
  const data = join(home, '.data')
  write(join(data, 'User/settings.json'), JSON.stringify({
    'workbench.startupEditor': 'none', 'workbench.colorTheme': theme, 'telemetry.telemetryLevel': 'off', 'extensions.autoUpdate': false,
    'extensions.autoCheckUpdates': false, 'extensions.ignoreRecommendations': true, 'workbench.enableExperiments': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden', 'chat.disableAIFeatures': true, 'window.commandCenter': false, 'workbench.reduceMotion': 'on',
    'security.workspace.trust.startupPrompt': 'never', ...settings,
  }))
  // VS Code in a browser takes settings of scope `machine` from here only.
  write(join(data, 'Machine/settings.json'), JSON.stringify(settings))
  const options = restricted ? [] : ['--disable-workspace-trust']
  if (language !== 'en') {
    // A language pack without words: VS Code itself stays English, and tells extensions the language.
    write(join(data, 'words.json'), JSON.stringify({ contents: {} }))
    write(join(data, 'languagepacks.json'), JSON.stringify({ [language]: { hash: language, label: language, extensions: [{ extensionIdentifier: { id: 'qwen-tests.consumer' }, version: '1.0.0' }], translations: { vscode: join(data, 'words.json') } } }))
    options.push('--locale', language)
  }
  let ext = installed()
  if (!bundled) {
    cpSync(ext, join(home, '.ext'), { recursive: true })
    ext = join(home, '.ext')
    const [folder] = readdirSync(ext).filter((name) => name.startsWith('qwen-language-server'))
    rmSync(join(ext, folder, 'bin'), { recursive: true })
  }
  const names = Object.keys(folders)
  let query = `folder=${roots[names[0]]}`
  if (names.length > 1) {
    write(join(home, 'two.code-workspace'), JSON.stringify({ folders: names.map((path) => ({ path })) }))
    query = `workspace=${join(home, 'two.code-workspace')}`
  }
  const editor = spawn(runScript, [data, ext, ...options], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, LANG: 'C.UTF-8', QWEN_TEST_CACHE: cache, QWEN_OAUTH_BASE_URL: api, SHELL: '/bin/bash', ...environment },
  })
  const ended = new Promise((resolve) => editor.on('exit', resolve))
  let ending
  const end = () => {
    if (!ending) try { process.kill(-editor.pid, 'SIGKILL') } catch { /* it is gone */ }
    return (ending ??= ended)
  }
  ends.push(end)
  const address = await lineOf(editor, /listening on (http:\/\/127\.0\.0\.1:\d+)/)

  browser ??= await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  const context = await browser.newContext({ viewport: size ?? { width: 1200, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] })
  ends.push(() => context.close())
  const visited = []
  await context.route('**/*', (route) => {
    const url = route.request().url()
    if (url.startsWith(address) || url.startsWith('data:')) return route.continue()
    if (url.startsWith('https://signin.qwen.invalid/')) {
      visited.push(url)
      return route.fulfill({ contentType: 'text/html', body: '<h1>Confirm the code</h1>' })
    }
    return route.abort()
  })
  const page = await context.newPage()
  shows(page)
  page.setDefaultTimeout(30_000)
  await page.goto(`${address}/?${query}`)

  const window = {
    page, roots, home, api, visited, end,
    ask: async (path, body) => {
      const answer = await fetch(api + path, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
      return { status: answer.status, body: await answer.json() }
    },
    write: (path, content) => write(join(home, path), content.replaceAll('$API', api)),
    picture: (name, options = {}) => page.screenshot({ path: picturePath(name), animations: 'disabled', ...options }),
    /** The item in the status bar, once it says so. */
    status: (text) => page.locator(ITEM).filter({ hasText: text }).waitFor(),
    /** The frame of our own chat view. */
    chat: () => page.frameLocator('iframe.webview.ready[src*="purpose=webviewView"]').frameLocator('#active-frame'),
    /** Asks in it, once it takes a question: while an answer is still arriving, Enter does nothing. */
    send: async (text) => {
      await window.chat().getByRole('button', { name: 'Send' }).waitFor()
      const box = window.chat().getByRole('textbox', { name: 'Message to Qwen' })
      await box.fill(text)
      await box.press('Enter')
    },
    /** Asks in VS Code's own chat view, once it takes a question. */
    askParticipant: async (text) => {
      await window.participantRests()
      await page.locator('.chat-execute-toolbar [aria-label^="Send"]').first().waitFor()
      await page.locator('.interactive-input-editor .monaco-editor').click()
      await page.keyboard.type(text)
      await page.locator('.interactive-input-editor .view-line', { hasText: text.split(' ').pop() }).waitFor()
      // Not by Enter: a list of suggestions may have opened, or be about to, and would take it.
      await page.locator('.chat-execute-toolbar [aria-label^="Send"]').first().click()
    },
    /** While an answer arrives there, a further question would wait in a queue. */
    participantRests: () => page.locator('.chat-execute-toolbar [aria-label^="Cancel"]').first().waitFor({ state: 'hidden' }),
    command: async (title) => {
      await page.keyboard.press('F1')
      await page.locator('.quick-input-widget input').first().fill(`>${title}`)
      await page.locator('.quick-input-list .monaco-list-row').first().filter({ hasText: title }).click()
    },
    open: async (path) => {
      await page.keyboard.press('Control+P')
      await page.locator('.quick-input-widget input').first().fill(path)
      await page.locator('.quick-input-list .monaco-list-row').first().filter({ hasText: path.split('/').pop() }).click()
      await page.locator('.tab.active', { hasText: path.split('/').pop() }).waitFor()
      await page.locator('.editor-instance .monaco-editor.focused').waitFor()
      // VS Code makes some parts of a new editor when it is idle, within five seconds; the one that asks for inline
      // completions is among them, and never hears of a key that came before it. Idle callbacks run in their order.
      await page.evaluate(() => new Promise((done) => { requestIdleCallback(() => done()) }))
    },
    toast: (text) => page.locator('.notification-toast, .notification-list-item').filter({ hasText: text }).first(),
    /** Processes of the server that this window started and that have not ended. */
    servers: () => serversOf(editor.pid),
    /** The only such process, once there is one and none of `gone` is left. */
    server: (...gone) => until(gone.length > 0 ? 'the next server' : 'the server', () => {
      const running = serversOf(editor.pid)
      return running.length === 1 && !gone.includes(running[0]) ? running[0] : undefined
    }),
    noServer: () => until('the end of the server', () => (serversOf(editor.pid).length === 0 ? true : undefined)),
  }
  await page.locator(ITEM).waitFor()
  return window
}

/** A process that has ended and still waits for its parent has no command line any more. */
function serversOf(group) {
  const { stdout } = spawnSync('pgrep', ['-g', String(group), '-f', 'qwen-language-server( |$).*--stdio'], { encoding: 'utf8' })
  return stdout.trim().split('\n').filter(Boolean).map(Number)
}

/** Runs a test in a window and ends all that it started; a failure leaves a picture in the cache. */
export function inWindow(options, run) {
  return async (t) => {
    const ends = []
    let page
    try {
      const window = await openWindow({ ...options, ends, shows: (opened) => (page = opened) })
      await run(window)
      // The editor writes its files until it ends.
      await window.end()
      const leak = fileWithKey(join(window.home, '.data'))
      if (leak) throw new Error(`a key is in ${leak}`)
    } catch (error) {
      const path = join(cache, `failed-${t.name.replace(/\W+/g, '-')}.png`)
      await page?.screenshot({ path }).catch(() => undefined)
      console.error(`picture: ${path}`)
      throw error
    } finally {
      for (const end of ends.reverse()) await end()
    }
  }
}

function write(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode: 0o600 })
}

/** A file below the editor's own data that holds a whole key. */
function fileWithKey(data) {
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name)).find((path) => CANARY.test(readFileSync(path, 'latin1')))
}
