-- The golden messages that the server's tests and the other editors read too: the plugin sends these, and shows these.

local function golden(t, name)
  local path = vim.fs.dirname(vim.fs.dirname(vim.env.PLUGIN)) .. '/tests/protocol/' .. name .. '.json'
  return vim.json.decode(t.read(path), { luanil = { object = true, array = true } })
end

---Puts the golden answers in the server's place, and keeps what is asked.
local function answer_with(t, name)
  local asked = {}
  local client = require('qwen.client')
  client.with = function(_, callback)
    callback({})
  end
  client.request = function(target, method, params, callback)
    local reply = golden(t, name)
    table.insert(asked, { method = method, params = vim.tbl_extend('error', target, params) })
    callback(reply.error, reply.result)
  end
  return asked
end

local function keys(table_of)
  local names = vim.tbl_keys(table_of)
  table.sort(names)
  return names
end

local app = { root = 'file:///home/you/app' }
local notes = { root = 'file:///home/you/notes' }

local function shows(t, ...)
  for _, words in ipairs({ ... }) do
    t.same({ words, true }, { words, t.float_text():find(words, 1, true) ~= nil })
  end
end

test('the golden status is asked for, and shown with every origin', function(t)
  local asked = answer_with(t, 'auth-status.response')
  require('qwen.auth').status(app)
  local request = golden(t, 'auth-status.request')
  t.same({ { method = request.method, params = request.params } }, asked)
  shows(t, 'Local server', 'http://127.0.0.1:8080/v1', 'qwen3-coder-plus', 'sk-…cdef')
  shows(t, '/home/you/app/.qwen/.env:1', '/home/you/app/.qwen/.env:2', '/home/you/app/.qwen/.env:3')
end)

test('signing out, switching and trusting send the golden requests', function(t)
  local auth = require('qwen.auth')
  local asked = answer_with(t, 'auth-sign-out.response')
  auth['sign-out'](notes)
  t.same(golden(t, 'auth-sign-out.request').params, asked[1].params)
  t.notification('Qwen in notes: Signed out')
  asked = answer_with(t, 'auth-switch.response')
  auth.switch(app, 'openai')
  t.same(vim.tbl_extend('error', golden(t, 'auth-switch.request').params, { remember = true }), asked[1].params)
  asked = answer_with(t, 'auth-trust.response')
  t.choose('Always')
  auth.trust(app, 'https://llm.example.com')
  t.same(golden(t, 'auth-trust.request').params, asked[1].params)
end)

test('setting a key sends the golden request', function(t)
  local wanted = golden(t, 'auth-set-key.request').params
  local asked = answer_with(t, 'auth-set-key.response')
  vim.ui.input = function(_, done)
    done(wanted.baseUrl)
  end
  vim.fn.inputsecret = function()
    return wanted.apiKey
  end
  t.choose('memory')
  require('qwen.auth')['set-key'](notes)
  wanted.model = nil
  t.same(wanted, asked[1].params)
  t.notification('Qwen in notes: Signed in, API key, qwen3%-max')
end)

test('a golden status that changes is what the status line says', function(t)
  local handlers = require('qwen.handlers')
  handlers['qwen/authStatusChanged'](nil, golden(t, 'auth-status-changed.notification').params)
  vim.b.qwen_target = notes
  t.same('qwen3-max', require('qwen.status').short(require('qwen').status()))
end)

test('a golden device authorization is shown with its code and its page', function(t)
  require('qwen.handlers')['qwen/deviceAuthorization'](nil, golden(t, 'device-authorization.notification').params)
  shows(t, 'CODE-1', 'http://127.0.0.1:8081/authorize?user_code=CODE-1&client=qwen-code')
end)

test('the golden models are offered, the current one marked', function(t)
  local asked = answer_with(t, 'models.response')
  local offered = {}
  vim.ui.select = function(items, opts)
    offered = vim.tbl_map(opts.format_item, items)
  end
  vim.cmd('Qwen model')
  t.same(golden(t, 'models.request').method, asked[1].method)
  t.same({ '● qwen3-coder-plus', '  qwen3-max' }, offered)
end)

test('the golden chat is what a chat sends and shows', function(t)
  local sent = golden(t, 'chat.request')
  local asked = answer_with(t, 'chat.response')
  local path = t.write('app/src/main.rs', 'fn main() {}\n')
  t.write('app/.git/HEAD', '')
  vim.cmd.edit(path)
  vim.cmd('1Qwen chat What does this do?')
  t.same(sent.method, asked[1].method)
  local params = asked[1].params
  local wanted = keys(sent.params)
  t.same({ 'context', 'messages', 'partialResultToken', 'textDocument' }, wanted)
  -- The plugin names the root in place of a file in it, and asks for progress.
  t.same({ 'context', 'messages', 'partialResultToken', 'root', 'workDoneToken' }, keys(params))
  t.same(keys(sent.params.messages[1]), keys(params.messages[1]))
  t.same(keys(sent.params.context[1]), keys(params.context[1]))
  t.same(keys(sent.params.context[1].range), keys(params.context[1].range))
  t.same(true, t.text():find('Nothing yet.', 1, true) ~= nil)
end)

test('a golden delta is written, and a golden refusal is explained with its remedy', function(t)
  local progress = require('qwen.progress')
  local delta = golden(t, 'chat-delta.notification').params
  local heard
  progress.listen(delta.token, function(value)
    heard = value.content
  end)
  progress.handle(nil, delta, {})
  t.same('Nothing', heard)
  answer_with(t, 'chat-refused.response')
  require('qwen.client').get = function()
    return {}
  end
  local offered
  vim.ui.select = function(items)
    offered = items
  end
  vim.cmd('Qwen chat And now?')
  t.same(true, t.text():find('> 127.0.0.1:8080 refused the key (401: no such key)', 1, true) ~= nil)
  t.same({ 'Show the status', 'Not now' }, offered)
end)
