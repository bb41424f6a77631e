// Windows of a real VS Code: each is opened on an empty HOME, with its own folders, settings and stand-in.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { until } from '../../world.mjs'
import { SERVER, cache, closeEditors, editorFor, endEditor, kill, write } from './editor.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const readme = readFileSync(join(here, '../../../../editors/vscode/README.md'), 'utf8')
/** Where pictures are asked for, the README's go there; the others, only to be looked at, go to the cache. */
const picturePath = (name) => join(readme.includes(`(images/${name}.png)`) ? process.env.QWEN_PICTURES : join(cache, 'pictures'), `${name}.png`)

/** The item in the status bar. */
export const ITEM = '#qwen-language-server\\.qwen-language-server\\.qwenls\\.status'

/**
 * folders: { name: { 'path': 'content' } }; `$API` in a content is the stand-in's address.
 * Options: settings, `bundled: false` for a package without a server, environment, `restricted: true` for folders
 * that are not trusted, the language, `onPath` a folder that the user's shell puts on PATH.
 */
async function openWindow({ folders = { app: {} }, settings = {}, bundled = true, environment = {}, restricted = false, language = 'en', onPath, opensIn }) {
  const editor = await editorFor({ bundled, environment, restricted, language, onPath })
  opensIn(editor)
  const names = Object.keys(folders)
  const { page, home, data, api, context, address } = editor
  const place = editor.place()
  const roots = Object.fromEntries(names.map((name) => [name, join(place, name)]))
  /** The folders as they were given, and nothing else in them. */
  const writeFolders = () => {
    for (const [name, files] of Object.entries(folders)) {
      mkdirSync(roots[name], { recursive: true })
      const there = readdirSync(roots[name], { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      for (const path of there.map((entry) => join(entry.parentPath, entry.name))) if (!(relative(roots[name], path) in files)) rmSync(path)
      for (const [path, content] of Object.entries(files)) write(join(roots[name], path), content.replaceAll('$API', api))
    }
  }
  writeFolders()
  write(join(data, 'User/settings.json'), JSON.stringify({
    'workbench.startupEditor': 'none', 'workbench.colorTheme': 'Dark Modern', 'telemetry.telemetryLevel': 'off', 'extensions.autoUpdate': false,
    'extensions.autoCheckUpdates': false, 'extensions.ignoreRecommendations': true, 'workbench.enableExperiments': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden', 'chat.disableAIFeatures': true, 'window.commandCenter': false, 'workbench.reduceMotion': 'on',
    'security.workspace.trust.startupPrompt': 'never', ...settings,
  }))
  // VS Code in a browser takes settings of scope `machine` from here only.
  write(join(data, 'Machine/settings.json'), JSON.stringify(settings))
  let query = `folder=${roots[names[0]]}`
  if (names.length > 1) {
    write(join(place, 'two.code-workspace'), JSON.stringify({ folders: names.map((path) => ({ path })) }))
    query = `workspace=${join(place, 'two.code-workspace')}`
  }
  await page.setViewportSize({ width: 1200, height: 800 })
  await page.goto(`${address}/?${query}`)

  const servers = () => editor.processes(SERVER)
  const window = {
    page, roots, home, api,
    ask: async (path, body) => {
      const answer = await fetch(api + path, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
      return { status: answer.status, body: await answer.json() }
    },
    write: (path, content) => write(join(place, path), content.replaceAll('$API', api)),
    /**
     * Edits a file until `seen` says that it was noticed. VS Code begins to watch files some time after a server has asked
     * it to, and tells nobody when: what was edited before is never told.
     */
    edit: async (path, content, seen) => {
      let noticed = false
      const seeing = seen().finally(() => { noticed = true })
      while (!noticed) {
        window.write(path, content)
        await Promise.race([seeing, pause(5000)])
      }
      await seeing
    },
    /** Chooses a colour theme by the name that VS Code lists. */
    theme: async (name) => {
      await page.keyboard.press('Control+K')
      await page.keyboard.press('Control+T')
      await page.locator('.quick-input-widget input').first().fill(name)
      await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: name }).click()
    },
    /** Loads the window anew. VS Code keeps the processes of the old one for hours, for it might come back. */
    reload: async () => {
      const old = editor.extensionHosts()
      await page.reload()
      old.forEach(kill)
    },
    /**
     * Makes the window as it was when it was opened, for the next test that shares it. What stays: the history of the
     * chats, settings, the model chosen in VS Code's picker, who is signed in, the clipboard.
     */
    putAway: async () => {
      const asked = join(home, 'put-away')
      write(asked, '')
      await window.command('Consumer: Put Away')
      await until(() => !existsSync(asked), 'a window that is put away')
      writeFolders()
      await editor.restartStandin()
      editor.assertNoKey()
    },
    /** One takes a second or two. */
    picture: async (name, options = {}) => {
      if (process.env.QWEN_PICTURES) await page.screenshot({ path: picturePath(name), animations: 'disabled', ...options })
    },
    /** The item in the status bar, once it says so. */
    status: (text) => page.locator(ITEM).filter({ hasText: text }).waitFor(),
    /** The frame of our own chat view. */
    chat: () => page.frameLocator('iframe.webview.ready[src*="extensionId=qwen-language-server"]').frameLocator('#active-frame'),
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
      const row = page.locator('.quick-input-list .monaco-list-row').first().filter({ hasText: title })
      const listed = async (limit) => {
        await page.keyboard.press('F1')
        await page.locator('.quick-input-widget input').first().fill(`>${title}`)
        await row.waitFor({ timeout: limit })
      }
      // The list has the commands that VS Code had when it was opened; one that came later is in the next.
      await listed(5_000).catch(async () => {
        await page.keyboard.press('Escape')
        await listed()
      })
      await row.click()
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
    /** The addresses that VS Code opens in the browser, once `act` has made it open one, byte for byte. */
    opened: async (act) => {
      const visited = []
      await context.route('https://signin.qwen.invalid/**', (route) => {
        visited.push(route.request().url())
        return route.fulfill({ contentType: 'text/html', body: '<h1>Confirm the code</h1>' })
      })
      const opened = context.waitForEvent('page')
      await act()
      await (await opened).getByText('Confirm the code').waitFor()
      await context.unrouteAll()
      return visited
    },
    toast: (text) => page.locator('.notification-toast, .notification-list-item').filter({ hasText: text }).first(),
    /** Processes of the server that this window started and that have not ended. */
    servers,
    /** The only such process, once there is one and none of `gone` is left. */
    server: (...gone) => until(() => {
      const running = servers()
      return running.length === 1 && !gone.includes(running[0]) && running[0]
    }, gone.length > 0 ? 'the next server' : 'the server', 30_000),
    noServer: () => until(() => servers().length === 0, 'the end of the server', 30_000),
  }
  await page.locator(ITEM).waitFor()
  if (names.length > 1) {
    // VS Code may lose the folders of a workspace file that it reads while it starts; loaded once more, it has them.
    const lost = page.getByText('No Folder Opened')
    for (let loads = 1; await page.locator('.explorer-folders-view .monaco-list-row').or(lost).first().waitFor().then(() => lost.isVisible()); loads += 1) {
      if (loads === 4) throw new Error('VS Code has lost the folders of the workspace')
      await page.reload()
      await page.locator(ITEM).waitFor()
    }
  }
  return window
}

/** The window that the last test has left open for others that share it: its editor, and the options it was opened with. */
let shared

/** For the end of all tests, where a failure is none of a test's: node does not count it. */
export async function closeAll() {
  try {
    await shared?.editor.leave()
  } catch (error) {
    fail(error)
  }
  shared = undefined
  await closeEditors().catch(fail)
}

function fail(error) {
  console.error(error)
  process.exitCode = 1
}

async function runIn(t, options, run, leave) {
  let { editor, window } = shared ?? {}
  const joins = shared?.options === options
  shared = undefined
  try {
    if (!joins) {
      await editor?.leave()
      window = await openWindow({ ...options, opensIn: (one) => (editor = one) })
    }
    await run(window)
    await leave(editor, window)
  } catch (error) {
    const path = join(cache, `failed-${t.name.replace(/\W+/g, '-')}.png`)
    await editor?.page.screenshot({ path }).catch(() => undefined)
    console.error(`picture: ${path}`)
    if (editor) await endEditor(editor).catch(fail)
    throw error
  }
}

/** Runs a test in a window of its own. A failure leaves a picture in the cache. */
export function inWindow(options, run) {
  return (t) => runIn(t, options, run, (editor) => editor.leave())
}

/** Runs tests that stand one after another in one window, which each finds as it was when it was opened. */
export function inSharedWindow(options) {
  return (run) => (t) => runIn(t, options, run, async (editor, window) => {
    await window.putAway()
    shared = { editor, options, window }
  })
}
