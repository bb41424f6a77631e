// editors/helix/README.md, step by step, from an empty HOME: its own words and snippets are what is run.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository } from '../world.mjs'
import { app, ask, command, installed, menu, program, send, start, status } from './helix.mjs'

const folder = join(repository, 'editors/helix')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')
const languages = readFileSync(join(folder, 'languages.toml'), 'utf8')
const blocks = (language) => [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map((match) => match[1])
const table = [...readme.matchAll(/^\| `(\w+)` \| (?:`(qwen\.\w+)` )?\|/gm)].map(([, name, wanted]) => ({ name, wanted }))

test('the two files are put where the README says, and Helix finds the server for each language', async (t) => {
  const linked = [...readme.matchAll(/\[`([\w.]+)`\]\(([\w.]+)\)/g)].map((match) => match[2])
  assert.deepEqual(linked, ['languages.toml', 'config.toml'])
  for (const name of linked) assert.ok(existsSync(join(folder, name)), name)
  assert.ok(readme.includes('into `~/.config/helix/`') && readme.includes('`hx --health python`'))
  const world = await installed(t)
  assert.match(execFileSync('qwen-language-server', ['--version'], { env: world.env, encoding: 'utf8' }), /^qwen-language-server \d/)
  const names = [...languages.matchAll(/^name = "(\w+)"/gm)].map((match) => match[1])
  assert.ok(names.includes('python') && names.includes('markdown') && names.includes('env'))
  for (const name of names) {
    const health = execFileSync(program, ['--health', name], { env: world.env, encoding: 'utf8' })
    // With or without colours.
    assert.match(health, /✓\S* qwen: \S+bin\/qwen-language-server/, name)
  }
})

test('the keys of the README are those of Helix’s menu, and its server has every command', async (t) => {
  assert.deepEqual(table.map((row) => row.name), ['s', 'i', 'o', 'w', 'm', 't', 'c', 'Enter', 'x', 'q'])
  const { screen } = await app(t)
  screen.keys('Space', 'q')
  const shown = await screen.shows('qwen.status')
  for (const { name, wanted } of table.filter((row) => row.wanted)) {
    assert.match(shown, new RegExp(` ${name === 'Enter' ? 'ret' : name} +:lsp-workspace-command "${wanted}"`))
  }
  screen.keys('q')
  await screen.shows(/qwen\.status/)
  const picker = await screen.shows('qwen.trustEndpoint')
  for (const { wanted } of table.filter((row) => row.wanted)) assert.ok(picker.includes(wanted), `${wanted}\n${picker}`)
  screen.picture('helix-commands')
})

test('two minutes: signed in, one answer streamed, one stopped', async (t) => {
  const { world, screen } = await app(t, { withKey: false })
  const [during, after] = readme.match(/\n(qwen: Qwen sign-in.*)\n(signed in.*)\n/).slice(1)
  const pattern = (line) => new RegExp(line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '\\S*'))
  await menu(screen, 'i', 'qwen.signIn')
  await screen.shows(pattern(during))
  await world.post('/approve')
  await screen.shows(pattern(after))
  await world.post('/script', { deltas: ['streamed '], hold: true, after: ['and whole'] })
  await ask(screen, 'first')
  await screen.shows('streamed <!-- qwen is answering')
  await world.post('/release')
  await screen.shows('streamed and whole')
  await screen.hides('qwen is answering')
  await world.post('/script', { deltas: ['half of it'], hold: true })
  await send(screen, 'second')
  await screen.shows('half of it<!-- qwen is answering')
  await menu(screen, 'x', 'qwen.chatStop')
  assert.equal((await world.get('/wait?outcome=hungUp')).length, 1)
  await screen.hides('qwen is answering')
  await screen.shows('half of it')
  screen.picture('helix-readme')
  assert.deepEqual((await world.get('/requests')).map((request) => request.outcome), ['done', 'hungUp'])
})

test('the link of the README sends its lines along, from the project’s chat', async (t) => {
  const [link, path, first, last] = readme.match(/\[\w+\]\((src\/[\w.]+)#L(\d+)-L(\d+)\)/)
  const { world, screen } = await app(t, { files: { [path]: Array.from({ length: 30 }, (_, n) => `line_${n + 1}_of_it`).join('\n') } })
  await ask(screen, `what is ${link}?`)
  await screen.shows('you said:')
  const sent = JSON.stringify((await world.get('/requests'))[0].body.messages).match(/line_\d+_of_it/g)
  assert.deepEqual([sent.at(0), sent.at(-1)], [`line_${first}_of_it`, `line_${last}_of_it`])
})

test('the .env of the README is read, but for its placeholder', async (t) => {
  const [env] = blocks('sh')
  const { screen } = await app(t, { withKey: false, file: '.qwen/.env', files: { '.qwen/.env': env.replace('sk-…', 'sk-app-key-0000aaaa') } })
  await status(screen, /app: qwen3-coder-plus at .*, with the key sk-…aaaa/)
})

test('the snippets for several projects give each folder its own key', async (t) => {
  const [language, keys] = blocks('toml')
  const world = await installed(t)
  const usual = languages.match(/\[\[language\]\]\nname = "python"\n.*\n/)[0]
  world.write('home/.config/helix/languages.toml', languages.replace(usual, language))
  const config = world.read('home/.config/helix/config.toml')
  const [header, ...lines] = keys.trim().split('\n')
  assert.ok(config.includes(header))
  world.write('home/.config/helix/config.toml', lines.reduce((text, line) => text.replace(new RegExp(`^${line.split(' = ')[0]} = .*$`, 'm'), () => line), config))
  world.write('.git/HEAD', '')
  world.root('one', 'sk-one-key-000011111')
  world.root('two', 'sk-two-key-000022222')
  world.write('two/talk.qwen.md', '## You\n\nwho answers?\n')
  const screen = await start(world, 'one/main.py')
  await status(screen, /one: .*sk-…1111/)
  command(screen, 'open two/main.py')
  await screen.shows('two/main.py  ')
  await status(screen, /two: .*sk-…2222/)
  command(screen, 'open two/talk.qwen.md')
  await screen.shows('two/talk.qwen.md  ')
  await menu(screen, 'Enter', 'qwen.chatSend')
  await screen.shows('key sk-…2222')
})
