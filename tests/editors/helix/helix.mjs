// Helix as a user has it who has followed editors/helix/README.md, in a terminal that a test reads.
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Screen } from '../screen.mjs'
import { cache, repository, server, until, World } from '../world.mjs'

export const key = 'sk-app-key-0000aaaa'
export const program = join(cache, 'bin/hx')

/** An empty HOME with the server on PATH and the two files of the README. */
export async function installed(t) {
  const world = await World.make(t)
  mkdirSync(world.path('home/.config/helix'), { recursive: true })
  for (const name of ['languages.toml', 'config.toml']) {
    copyFileSync(join(repository, 'editors/helix', name), world.path('home/.config/helix', name))
  }
  symlinkSync(server, world.path('bin/qwen-language-server'))
  return world
}

export async function start(world, file, { cwd = world.dir, env = {}, columns = 170 } = {}) {
  const screen = Screen.start(world, [program, file], { cwd, env, columns, rows: 30 })
  // Keys that come before Helix has loaded the file are lost.
  await screen.shows('NOR')
  await screen.shows('Loaded 1 file')
  return screen
}

/** Helix with a file of the repository `app` open; `withKey: false` leaves it without an account. */
export async function app(t, { withKey = true, file = 'main.py', files = {}, world, ...options } = {}) {
  world ??= await installed(t)
  world.write('app/.git/HEAD', '')
  if (withKey) world.root('app', key)
  else world.write('app/main.py', 'x = 1\n')
  for (const [name, text] of Object.entries(files)) world.write(`app/${name}`, text, 0o600)
  const screen = await start(world, file, { cwd: world.path('app'), ...options })
  if (file === 'main.py') await status(screen, withKey ? /sk-…aaaa/ : /no account/)
  return { world, screen }
}

/** The menu of Space q, then one of its keys. */
export async function menu(screen, name, entry) {
  screen.keys('Space')
  await screen.shows('Space')
  screen.keys('q')
  await screen.shows(entry)
  screen.keys(name)
}

/** A command as typed. */
export function command(screen, text) {
  screen.type(`:${text}`)
  screen.keys('Enter')
}

/** Takes one of the code actions that Helix offers here, whatever its place in the list. */
export async function action(screen, title, picture) {
  screen.keys('Space', 'a')
  await screen.shows(`Qwen: ${title}`)
  if (picture) screen.picture(picture)
  const titles = [...screen.text().matchAll(/ (Qwen: \S.*?|Rename it to \S+) {2,}/g)].map((match) => match[1])
  // The first is preselected.
  screen.keys(...titles.slice(0, titles.indexOf(`Qwen: ${title}`)).map(() => 'Down'), 'Enter')
}

/** Asks for the status until it has the words: the server starts while Helix already shows the file. */
export async function status(screen, wanted) {
  let asked = 0
  await until(async () => {
    const text = screen.text()
    if (wanted.test(text)) return true
    if (asked % 10 === 0) await menu(screen, 's', 'qwen.status')
    asked += 1
    return false
  }, () => `${wanted} on the screen:\n${screen.text()}`)
}

/** Leaves insert mode, and waits until Helix has: an Escape that a busy Helix reads together with the next key is Alt. */
export async function normal(screen) {
  screen.keys('Escape')
  await screen.shows(/^ NOR /m)
}

/** Writes a question at the end of the file and sends it, by the menu's keys. */
export async function send(screen, question) {
  screen.type(`geo${question}`)
  await screen.shows(question)
  await normal(screen)
  await menu(screen, 'Enter', 'qwen.chatSend')
}

/** Opens the project's chat and asks in it. */
export async function ask(screen, question) {
  await menu(screen, 'c', 'qwen.chat')
  await screen.shows('## You')
  await send(screen, question)
}
