// What the server under test offers, from its answer to `initialize`. The editors' tests were written with the
// protocol; a test of something that the server does not have yet says so instead of failing.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { server } from './world.mjs'

let answer

/** Asks once, in a home of its own. */
async function capabilities() {
  const home = mkdtempSync(join(tmpdir(), 'qwen-offers-'))
  const child = spawn(server, [], { env: { HOME: home, PATH: process.env.PATH }, stdio: ['pipe', 'pipe', 'ignore'] })
  const send = (message) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  const all = { textDocument: { inlineCompletion: {}, codeAction: {}, diagnostic: {} }, window: { showDocument: { support: true } } }
  send({ id: 1, method: 'initialize', params: { capabilities: all, processId: null, rootUri: null } })
  const found = await new Promise((done, fail) => {
    let text = ''
    child.on('error', fail)
    child.on('exit', () => fail(new Error(`${server} ended before it answered`)))
    child.stdout.on('data', (data) => {
      text += data
      const [, length] = text.match(/Content-Length: (\d+)\r\n/i) ?? []
      const body = text.slice(text.indexOf('\r\n\r\n') + 4)
      // The answer is ASCII, and the first message there is.
      if (length && body.length >= Number(length)) done(JSON.parse(body.slice(0, Number(length))).result.capabilities)
    })
  })
  child.removeAllListeners('exit')
  const ended = new Promise((done) => child.once('exit', done))
  send({ id: 2, method: 'shutdown' })
  send({ method: 'exit' })
  child.stdin.end()
  await ended
  rmSync(home, { recursive: true, force: true })
  return found
}

/** Whether the server has a capability (`inlineCompletionProvider`), or a command (`qwen.signIn`). */
export async function offers(what) {
  answer ??= capabilities()
  const { executeCommandProvider, ...others } = await answer
  return what in others || (executeCommandProvider?.commands ?? []).includes(what)
}
