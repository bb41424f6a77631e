#!/usr/bin/env node
// The stand-in for an OpenAI-compatible API and for Qwen's sign-in service, on 127.0.0.1. No dependencies.
//
//   node standin.mjs [--port N] [--verification-uri URL]      first line of stdout: http://127.0.0.1:PORT
//
// It ends when the pipe on its stdin closes (any other stdin is ignored), on SIGTERM, or on POST /exit.
// What the program under test calls:
//   POST /v1/chat/completions, POST /v1/completions, GET /v1/models        (any key but one that ends in "refused")
//   POST /api/v1/oauth2/device/code, POST /api/v1/oauth2/token             (pending until approved or denied)
// What a test calls (JSON in, JSON out):
//   POST /script   one answer for the next matching completion; scripts queue in order.
//                  { path?, key?, model?           which request it is for; absent: any ("key" is the whole key)
//                    deltas?: string[], reasoning?: string[], toolCalls?: object[],
//                    hold?: boolean                stay open after the deltas, until POST /release or a hang-up
//                    after?: string[]              the deltas that follow a release
//                    repeat?: boolean              answers every such request from now on, not the next one only
//                    status?, body?, headers? }    an error in place of a stream
//                  With no script the answer tells who asked: "**key sk-…9f3c**, **model m**, you said: …".
//   POST /release  lets every held stream go on to its end        → { released: n }
//   GET  /requests → [{ id, path, key: "sk-…9f3c", model, stream, said, outcome: "open" | "done" | "hungUp", body }]
//   GET  /wait?path=&key=&outcome=&said=&count=1&timeout=20000
//                  answers with the matching requests as soon as there are `count` of them ("key" as a fingerprint,
//                  "said" a part of the last user message); 408 with all requests when the time is up.
//   GET  /device   → { userCode, verificationUri, verificationUriComplete, state, polls } of the newest sign-in, or null
//   POST /approve, POST /deny, POST /expire        the user's answer to the newest sign-in
//   POST /models   { models: ["a", "b"] }          what GET /v1/models lists
//   POST /reset    forgets scripts and requests, hangs up what is open
import { fstatSync } from 'node:fs'
import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: { 'port': { type: 'string', default: '0' }, 'verification-uri': { type: 'string' } },
})
// Not a loopback name: code-server would rewrite that one before it opens it.
const verificationUri = options['verification-uri'] ?? 'https://signin.qwen.invalid/authorize'

let scripts = []
let requests = []
let models = ['qwen3-coder-plus', 'qwen3-coder-flash', 'qwen3-max']
let device = null
let nextId = 1
const held = new Set()
const waiters = new Set()
const issued = { access: 0, refresh: new Set() }

const fingerprint = (key) => (key.length < 12 ? '…' : `${key.startsWith('sk-') ? 'sk-' : ''}…${key.slice(-4)}`)
const textOf = (content) => (typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(''))
const json = (response, status, value, headers = {}) => {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}
const changed = () => waiters.forEach((look) => look())

// --- The API -------------------------------------------------------------------------------------------------

function complete(path, request, response, body) {
  const key = (request.headers.authorization ?? '').replace(/^Bearer /i, '')
  const said = path.endsWith('/chat/completions')
    ? textOf((body.messages ?? []).findLast((message) => message.role === 'user')?.content)
    : String(body.prompt ?? '')
  const record = { id: nextId++, path, key: fingerprint(key), model: body.model, stream: body.stream === true, said, outcome: 'open', body }
  requests.push(record)
  const settle = (outcome) => {
    if (record.outcome === 'open') record.outcome = outcome
    changed()
  }
  response.on('close', () => settle(response.writableFinished ? 'done' : 'hungUp'))
  response.on('finish', () => settle('done'))
  changed()

  if (key.endsWith('refused') || key === '') {
    return json(response, 401, { error: { message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' } })
  }
  const at = scripts.findIndex((s) => (!s.path || s.path === path) && (!s.key || s.key === key) && (!s.model || s.model === body.model))
  const script = scripts[at] ?? { deltas: usual(path, record) }
  if (at >= 0 && !script.repeat) scripts.splice(at, 1)
  if (script.status) return json(response, script.status, script.body ?? { error: { message: 'scripted' } }, script.headers)
  if (!record.stream) return whole(path, record, script, response)

  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-request-id': `standin-${record.id}` })
  const send = (choice, more = {}) => response.write(`data: ${JSON.stringify({
    id: `chunk-${record.id}`, object: 'chat.completion.chunk', created: 1, model: record.model,
    choices: choice === null ? [] : [{ index: 0, finish_reason: null, ...choice }], ...more })}\n\n`)
  const chat = path.endsWith('/chat/completions')
  const say = (text) => send(chat ? { delta: { content: text } } : { text })
  if (chat) send({ delta: { role: 'assistant', content: '' } })
  for (const thought of script.reasoning ?? []) send({ delta: { reasoning_content: thought } })
  for (const delta of script.deltas ?? []) say(delta)
  if (script.toolCalls) send({ delta: { tool_calls: script.toolCalls } })
  const end = () => {
    for (const delta of script.after ?? []) say(delta)
    send({ ...(chat ? { delta: {} } : { text: '' }), finish_reason: script.toolCalls ? 'tool_calls' : 'stop' })
    send(null, { usage: usage() })
    response.end('data: [DONE]\n\n')
  }
  if (!script.hold) return end()
  held.add(end)
  response.on('close', () => held.delete(end))
}

function whole(path, record, script, response) {
  const content = [...(script.deltas ?? []), ...(script.after ?? [])].join('')
  const choice = path.endsWith('/chat/completions') ? { message: { role: 'assistant', content } } : { text: content }
  json(response, 200, { id: `whole-${record.id}`, created: 1, model: record.model, choices: [{ index: 0, finish_reason: 'stop', ...choice }], usage: usage() })
}

const usage = () => ({ prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 })
const usual = (path, record) => path.endsWith('/chat/completions')
  ? ['**key ', record.key, '**, **model ', record.model ?? 'none', '**, you said: ', record.said]
  : ['return a', ' + b;']

// --- The sign-in service (RFC 8628) --------------------------------------------------------------------------

function deviceCode(form, response) {
  if (form.get('code_challenge_method') !== 'S256' || !form.get('code_challenge')) {
    return json(response, 400, { error: 'invalid_request', error_description: 'PKCE is required' })
  }
  const userCode = 'WDJB-MJHT'
  // The escapes are there to be kept: an editor that decodes them has broken the page's parameters.
  const verificationUriComplete = `${verificationUri}?user_code=${userCode}&client=qwen-code&state=a%2Bb%3D%26c`
  device = { deviceCode: randomBytes(16).toString('hex'), userCode, verificationUri, verificationUriComplete, state: 'pending', polls: 0 }
  json(response, 200, { device_code: device.deviceCode, user_code: userCode, verification_uri: verificationUri,
    verification_uri_complete: verificationUriComplete, expires_in: 900, interval: 1 })
  changed()
}

function token(form, response) {
  if (form.get('grant_type') === 'refresh_token') {
    return issued.refresh.has(form.get('refresh_token')) ? tokens(response) : json(response, 400, { error: 'invalid_grant' })
  }
  if (!device || form.get('device_code') !== device.deviceCode || !form.get('code_verifier')) {
    return json(response, 400, { error: 'invalid_grant' })
  }
  device.polls += 1
  if (device.state === 'approved') return tokens(response)
  const error = { pending: 'authorization_pending', denied: 'access_denied', expired: 'expired_token' }[device.state]
  json(response, 400, { error, error_description: 'scripted' })
}

function tokens(response) {
  issued.access += 1
  const refresh = `refresh-standin-${issued.access}-${randomBytes(8).toString('hex')}`
  issued.refresh.add(refresh)
  json(response, 200, { access_token: `access-standin-${randomBytes(8).toString('hex')}`, refresh_token: refresh,
    token_type: 'Bearer', expires_in: 3600, resource_url: `${base}/v1` })
}

// --- What a test asks ----------------------------------------------------------------------------------------

function wait(query, response) {
  const matches = () => requests.filter((r) => (!query.get('path') || r.path === query.get('path'))
    && (!query.get('key') || r.key === query.get('key')) && (!query.get('outcome') || r.outcome === query.get('outcome'))
    && (!query.get('said') || r.said.includes(query.get('said'))))
  const count = Number(query.get('count') ?? 1)
  const finish = (status, value) => {
    clearTimeout(timer)
    waiters.delete(look)
    json(response, status, value)
  }
  const look = () => matches().length >= count && finish(200, matches())
  const timer = setTimeout(() => finish(408, requests), Number(query.get('timeout') ?? 20000))
  waiters.add(look)
  look()
}

const answerTo = (state) => (_body, response) => {
  if (!device) return json(response, 409, { error: 'nobody is signing in' })
  device.state = state
  json(response, 200, device)
}

function reset() {
  scripts = []
  requests = []
  held.clear()
  server.closeAllConnections()
}

const control = {
  'POST /script': (body, response) => json(response, 200, { queued: scripts.push(body) }),
  'POST /release': (_body, response) => {
    const ends = [...held]
    held.clear()
    ends.forEach((end) => end())
    json(response, 200, { released: ends.length })
  },
  'POST /approve': answerTo('approved'),
  'POST /deny': answerTo('denied'),
  'POST /expire': answerTo('expired'),
  'POST /models': (body, response) => json(response, 200, { models: (models = body.models) }),
  'POST /reset': (_body, response) => response.on('finish', reset) && json(response, 200, {}),
  'POST /exit': (_body, response) => response.on('finish', () => process.exit(0)) && json(response, 200, {}),
  'GET /requests': (_body, response) => json(response, 200, requests),
  'GET /device': (_body, response) => json(response, 200, device && { ...device, deviceCode: undefined }),
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://standin')
  let text = ''
  for await (const chunk of request) text += chunk
  try {
    const route = `${request.method} ${url.pathname}`
    if (route === 'GET /wait') wait(url.searchParams, response)
    else if (control[route]) control[route](text ? JSON.parse(text) : {}, response)
    else if (route === 'GET /v1/models') json(response, 200, { object: 'list', data: models.map((id) => ({ id, object: 'model', created: 1 })) })
    else if (/^POST \/v1\/(chat\/)?completions$/.test(route)) complete(url.pathname, request, response, JSON.parse(text))
    else if (route === 'POST /api/v1/oauth2/device/code') deviceCode(new URLSearchParams(text), response)
    else if (route === 'POST /api/v1/oauth2/token') token(new URLSearchParams(text), response)
    else json(response, 404, { error: { message: `the stand-in has no ${route}` } })
  } catch (error) {
    json(response, 400, { error: { message: String(error) } })
  }
})

let base = ''
server.listen(Number(options.port), '127.0.0.1', () => {
  base = `http://127.0.0.1:${server.address().port}`
  console.log(base)
})
process.on('SIGTERM', () => process.exit(0))
// A test that dies leaves nothing behind: its end of the pipe closes.
const stdin = fstatSync(0)
if (stdin.isFIFO() || stdin.isSocket()) process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume()
