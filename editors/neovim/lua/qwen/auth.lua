--- `:Qwen auth`: what the user asks about keys and accounts. Every answer is the status that holds afterwards.
local client = require('qwen.client')
local compat = require('qwen.compat')
local errors = require('qwen.errors')
local progress = require('qwen.progress')
local root = require('qwen.root')
local sign_in = require('qwen.sign_in')
local status = require('qwen.status')

local M = {}

---@param target qwen.Target
---@param params table
---@param callback fun(status: qwen.AuthStatus)
---@param on_sent? fun(id: integer, client: vim.lsp.Client)
local function ask(target, params, callback, on_sent)
  client.request(target, 'qwen/auth', params, function(err, result)
    if err then
      return errors.show(err, target)
    end
    status.changed(result)
    callback(result)
  end, on_sent)
end

---@param result qwen.AuthStatus
local function say(result)
  local first = status.lines(result)[1]
  vim.notify(('Qwen in %s: %s%s'):format(root.label(result.root), first, result.model and ', ' .. result.model or ''))
end

---Fetches a status without showing it, for the status line.
---@param target qwen.Target
function M.refresh(target)
  client.request(target, 'qwen/auth', { action = 'status' }, function(err, result)
    if not err then
      status.changed(result)
    end
  end)
end

---@param target qwen.Target
function M.status(target)
  ask(target, { action = 'status' }, status.show)
end

---Signs in with a Qwen account. Asked twice, it shows the first one's code again.
---@param target qwen.Target
M['sign-in'] = function(target)
  if sign_in.resume() then
    return
  end
  local function ended()
    sign_in.set_cancel(nil)
    sign_in.close()
  end
  local params = { action = 'signIn', workDoneToken = progress.token(target) }
  client.request(target, 'qwen/auth', params, function(err, result)
    ended()
    if err then
      return errors.show(err, target)
    end
    status.changed(result)
    say(result)
  end, function(id, server)
    sign_in.set_cancel(function()
      compat.cancel(server, id)
      -- Neovim drops the answer to a cancelled request, so the end is here.
      ended()
      vim.notify('Qwen: the sign-in is cancelled')
    end)
  end)
end

---@param target qwen.Target
---@param method? string
M['sign-out'] = function(target, method)
  ask(target, { action = 'signOut', method = method }, say)
end

---@param target qwen.Target
---@param method? string
function M.switch(target, method)
  local function choose(chosen)
    if chosen then
      ask(target, { action = 'switch', method = chosen, remember = true }, say)
    end
  end
  if method then
    return choose(method)
  end
  vim.ui.select({ 'qwen-oauth', 'openai' }, {
    prompt = 'Use for this root:',
    format_item = function(item)
      return item == 'openai' and 'an API key (openai)' or 'a Qwen account (qwen-oauth)'
    end,
  }, choose)
end

---Sends a key to the server and nowhere else: Neovim's own log, which holds whole messages at its debug level, is
---off while the message is written.
---@param target qwen.Target
---@param params table
local function send_key(target, params)
  client.with(target.root and vim.uri_to_fname(target.root), function()
    -- The server is ready now, so that the message is written, and logged, before `ask` returns.
    local level = vim.lsp.log.get_level()
    vim.lsp.log.set_level(vim.log.levels.OFF)
    local ok, problem = pcall(ask, target, params, say)
    vim.lsp.log.set_level(level)
    if not ok then
      error(problem, 0)
    end
  end)
end

---Asks for an endpoint, then the key in a password prompt, then where it is kept.
---@param target qwen.Target
M['set-key'] = function(target)
  local now = status.of()
  local in_use = now and now.baseUrl or 'the default'
  -- Not as the input's default text: a key goes to an endpoint that only the project names when the user says so.
  vim.ui.input({ prompt = ('Endpoint (empty for %s): '):format(in_use) }, function(endpoint)
    if not endpoint then
      return
    end
    vim.fn.inputsave()
    local ok, key = pcall(vim.fn.inputsecret, 'API key: ')
    vim.fn.inputrestore()
    vim.cmd.redraw()
    if not ok or key == '' then
      return
    end
    vim.ui.select({ 'keyring', 'memory' }, {
      prompt = 'Keep the key in:',
      format_item = function(item)
        return item == 'keyring' and 'the system’s keyring' or 'memory, until Neovim ends'
      end,
    }, function(store)
      if store then
        send_key(target, {
          action = 'setKey',
          apiKey = key,
          baseUrl = endpoint ~= '' and endpoint or nil,
          store = store,
        })
      end
    end)
  end)
end

---Lets the user's key go to the endpoint that this project names, after asking.
---@param target qwen.Target
---@param endpoint? string
function M.trust(target, endpoint)
  local function confirm(url)
    vim.ui.select({ 'Not now', 'For this session', 'Always' }, {
      prompt = ('Send your own key to %s for this root?'):format(url),
    }, function(_, index)
      if index and index > 1 then
        ask(target, { action = 'trust', endpoint = url, remember = index == 3 }, say)
      end
    end)
  end
  if endpoint then
    return confirm(endpoint)
  end
  client.request(target, 'qwen/auth', { action = 'status' }, function(err, result)
    if err then
      return errors.show(err, target)
    end
    status.changed(result)
    if not result.baseUrl then
      return vim.notify('Qwen: this root names no endpoint')
    end
    confirm(result.baseUrl)
  end)
end

---The words after `:Qwen auth`.
M.actions = { 'status', 'sign-in', 'sign-out', 'set-key', 'switch', 'trust' }

local meanings = {
  status = 'what is used for this root, and where it came from',
  ['sign-in'] = 'sign in with a Qwen account',
  ['sign-out'] = 'sign out',
  ['set-key'] = 'enter an API key',
  switch = 'use the account or the key',
  trust = 'let your own key go to the endpoint that this project names',
}

---A menu of what can be asked.
---@param target qwen.Target
function M.menu(target)
  local function format_item(action)
    return ('%-9s %s'):format(action, meanings[action])
  end
  vim.ui.select(M.actions, { prompt = 'Qwen:', format_item = format_item }, function(action)
    if action then
      M[action](target)
    end
  end)
end

return M
