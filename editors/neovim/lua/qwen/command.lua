--- `:Qwen`: the words it takes, and what each does.
local auth = require('qwen.auth')
local client = require('qwen.client')
local errors = require('qwen.errors')
local progress = require('qwen.progress')
local root = require('qwen.root')

local M = {}

---@class qwen.Invocation
---@field words string[] what follows the subcommand
---@field rest string the same as one text
---@field range? { [1]: integer, [2]: integer }
---@field bang boolean

---@class qwen.Subcommand
---@field run fun(call: qwen.Invocation)
---@field complete? string[]|fun(words: string[]): string[]

---@param target qwen.Target
---@param model string
local function set_model(target, model)
  client.with(target.root and vim.uri_to_fname(target.root), function(server)
    if not server then
      return vim.notify('Qwen: ' .. client.not_running(), vim.log.levels.ERROR)
    end
    errors.execute(server, 'qwen.setModel', { vim.tbl_extend('error', target, { model = model }) })
  end)
end

---@param call qwen.Invocation
local function choose_model(call)
  local target = root.target()
  if call.words[1] then
    return set_model(target, call.words[1])
  end
  client.request(target, 'qwen/models', { workDoneToken = progress.token(target) }, function(err, result)
    if err then
      return errors.show(err, target)
    end
    vim.ui.select(result.models, {
      prompt = 'Model:',
      format_item = function(model)
        return (model.current and '● ' or '  ') .. (model.name or model.id)
      end,
    }, function(model)
      if model then
        set_model(target, model.id)
      end
    end)
  end)
end

---How long a completion may ask the server; the user waits meanwhile.
local COMPLETION_MS = 1000

---The names of the root's models, from a server that runs and answers at once.
---@return string[]
local function model_names()
  local server = client.get()
  local models = {}
  if server then
    local answered = false
    client.request(root.target(), 'qwen/models', {}, function(_, result)
      answered = true
      models = result and result.models or {}
    end)
    vim.wait(COMPLETION_MS, function()
      return answered
    end, 10)
  end
  return vim.tbl_map(function(model)
    return model.id
  end, models)
end

---What may follow `:Qwen auth WORD`.
---@param action string
---@return string[]
local function auth_arguments(action)
  if action == 'switch' or action == 'sign-out' then
    return { 'qwen-oauth', 'openai' }
  end
  local now = action == 'trust' and require('qwen.status').of()
  return now and now.baseUrl and { now.baseUrl } or {}
end

---@param call qwen.Invocation
local function run_auth(call)
  local action = call.words[1]
  local target = root.target()
  if not action then
    return auth.menu(target)
  end
  if not vim.tbl_contains(auth.actions, action) then
    return vim.notify(
      ('Qwen: auth has no %s; it has %s'):format(action, table.concat(auth.actions, ', ')),
      vim.log.levels.ERROR
    )
  end
  auth[action](target, call.words[2])
end

local function open_log()
  local path = vim.lsp.log.get_filename()
  vim.cmd.split({ args = { vim.fn.fnameescape(path) } })
  vim.bo.readonly = true
  vim.cmd.normal({ 'G', bang = true })
end

---@param call qwen.Invocation
local function run_inline(call)
  local server = client.get()
  if not server then
    return vim.notify('Qwen: the server is not running; open a file first')
  end
  require('qwen.inline').enable(server, call.words[1] ~= 'off')
end

---The URI of the current buffer, if it is a chat document.
---@return string?
local function document()
  return require('qwen.chat.document').is(0) and vim.uri_from_bufnr(0) or nil
end

local function send_document()
  local server, uri = client.get(), document()
  if not server or not uri then
    return vim.notify('Qwen: open a file whose name ends in .qwen.md; a chat has its own key for sending')
  end
  errors.execute(server, 'qwen.chatSend', { uri })
end

---Stops the chats' answers here, and those in chat documents through the server that writes them.
local function stop()
  local stopped = require('qwen.chat').stop()
  local server, uri = client.get(), document()
  if server and (uri or not stopped) then
    errors.execute(server, 'qwen.chatStop', uri and { uri } or nil)
  elseif not stopped then
    vim.notify('Qwen: nothing is being answered')
  end
end

---@type table<string, qwen.Subcommand>
local subcommands = {
  auth = {
    run = run_auth,
    complete = function(words)
      if #words == 0 then
        return auth.actions
      end
      return #words == 1 and auth_arguments(words[1]) or {}
    end,
  },
  chat = {
    run = function(call)
      require('qwen.chat').open({
        prompt = call.rest ~= '' and call.rest or nil,
        first = call.range and call.range[1],
        last = call.range and call.range[2],
        new = call.bang,
      })
    end,
  },
  doctor = {
    run = function()
      vim.cmd.checkhealth('qwen')
    end,
  },
  inline = { run = run_inline, complete = { 'on', 'off' } },
  log = { run = open_log },
  model = {
    run = choose_model,
    complete = function(words)
      return #words == 0 and model_names() or {}
    end,
  },
  send = { run = send_document },
  status = {
    run = function()
      auth.status(root.target())
    end,
  },
  stop = { run = stop },
}

---@return string[]
local function names()
  local list = vim.tbl_keys(subcommands)
  table.sort(list)
  return list
end

---Runs `:Qwen`.
---@param args vim.api.keyset.create_user_command.command_args
function M.run(args)
  local words = vim.deepcopy(args.fargs)
  local name = table.remove(words, 1)
  local subcommand = subcommands[name]
  if not subcommand then
    local problem = ('Qwen: there is no :Qwen %s; there is %s'):format(name, table.concat(names(), ', '))
    return vim.notify(problem, vim.log.levels.ERROR)
  end
  subcommand.run({
    words = words,
    rest = vim.trim((args.args:gsub('^%s*%S+', '', 1))),
    range = args.range > 0 and { args.line1, args.line2 } or nil,
    bang = args.bang,
  })
end

---Completes `:Qwen`.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim((line:gsub('^.-Qwen!?', '', 1))), '%s+', { trimempty = true })
  if lead ~= '' then
    table.remove(words)
  end
  local candidates = names()
  if words[1] then
    local subcommand = subcommands[words[1]]
    candidates = subcommand and subcommand.complete or {}
    if type(candidates) == 'function' then
      candidates = candidates(vim.list_slice(words, 2))
    elseif #words > 1 then
      candidates = {}
    end
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
