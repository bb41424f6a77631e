--- What the server last said about each root, as text for people.
local float = require('qwen.float')
local root = require('qwen.root')

local M = {}

---@class qwen.Origin
---@field kind string
---@field path? string
---@field variable? string
---@field line? integer

---@class qwen.AuthStatus
---@field root string
---@field state 'signedIn'|'signedOut'|'refused'
---@field method? 'qwen-oauth'|'openai'
---@field provider? { id: string, name: string }
---@field baseUrl? string
---@field model? string
---@field key? string a fingerprint
---@field expiresAt? string
---@field quota? { requestsPerMinute?: integer, requestsPerDay?: integer, usedToday?: integer }
---@field origins table<string, qwen.Origin>
---@field ignored { origin: qwen.Origin, because: string }[]
---@field problems { kind: string, message: string, path?: string, line?: integer }[]

---By the root's path.
---@type table<string, qwen.AuthStatus>
local known = {}

local methods = { ['qwen-oauth'] = 'Qwen account', ['openai'] = 'API key' }
local states = { signedIn = 'Signed in', signedOut = 'Signed out', refused = 'The key may not be sent' }
local origins = {
  request = 'this request',
  projectFile = 'the project’s file',
  client = 'the editor',
  environment = 'the environment',
  homeFile = 'the home file',
  settings = 'settings.json',
  keyring = 'the keyring',
  credentialFile = 'the credential file',
  default = 'the default',
}

---Notes what the server said, and shows it wherever a status is shown.
---@param status qwen.AuthStatus
function M.changed(status)
  known[root.path(status.root)] = status
  local sign_in = require('qwen.sign_in')
  if status.state == 'signedIn' and sign_in.root() == status.root then
    sign_in.close()
  end
  vim.api.nvim_exec_autocmds('User', { pattern = 'QwenStatus', modeline = false, data = status })
  vim.cmd.redrawstatus({ bang = true })
end

---Forgets every status: the server has ended.
function M.forget()
  known = {}
end

---The status of a buffer's root, if it is known.
---@param bufnr? integer
---@return qwen.AuthStatus?
function M.of(bufnr)
  return known[root.folder(root.target(bufnr))]
end

---@param origin qwen.Origin
---@return string
function M.origin_text(origin)
  local text = origins[origin.kind] or origin.kind
  if origin.variable then
    text = text .. ' ' .. origin.variable
  end
  if origin.path then
    text = text .. ' ' .. origin.path .. (origin.line and ':' .. origin.line or '')
  end
  return text
end

---The whole status: what is used, where each value came from, what lost, what is wrong.
---@param status qwen.AuthStatus
---@return string[]
function M.lines(status)
  local lines = {
    ('%s%s'):format(
      states[status.state] or status.state,
      status.method and (', ' .. (methods[status.method] or status.method)) or ''
    ),
    '',
  }
  local function row(name, value, origin)
    if value then
      local from = origin and origin.kind ~= 'default' and ('   from ' .. M.origin_text(origin)) or ''
      table.insert(lines, ('%-9s %s%s'):format(name, value, from))
    end
  end
  row('Root', vim.uri_to_fname(status.root))
  row('Provider', status.provider and status.provider.name)
  row('Endpoint', status.baseUrl, status.origins.baseUrl)
  row('Model', status.model, status.origins.model)
  row('Key', status.key, status.origins.apiKey)
  row('Expires', status.expiresAt)
  local quota = status.quota
  if quota and quota.requestsPerDay then
    row('Quota', ('%s of %d requests today'):format(quota.usedToday or '?', quota.requestsPerDay))
  end
  if #status.ignored > 0 then
    vim.list_extend(lines, { '', 'Ignored' })
    for _, loser in ipairs(status.ignored) do
      table.insert(lines, ('  %s: %s'):format(M.origin_text(loser.origin), loser.because))
    end
  end
  if #status.problems > 0 then
    vim.list_extend(lines, { '', 'Problems' })
    for _, problem in ipairs(status.problems) do
      local place = problem.path and ('   %s:%d'):format(problem.path, problem.line or 1) or ''
      table.insert(lines, '  ' .. problem.message .. place)
    end
  end
  return vim.tbl_map(function(line)
    return (line:gsub('[\r\n]+', ' '))
  end, lines)
end

---Shows a status in a window; `gF` on a path opens the file that won.
---@param status qwen.AuthStatus
function M.show(status)
  float.open(M.lines(status), 'Qwen in ' .. root.label(status.root))
end

---A few words for a status line: the model, or what is missing.
---@param status? qwen.AuthStatus
---@return string
function M.short(status)
  if not status then
    return ''
  end
  if status.state == 'signedIn' then
    return (status.model or methods[status.method] or 'signed in') .. (#status.problems > 0 and ' !' or '')
  end
  return status.state == 'refused' and 'key refused' or 'signed out'
end

return M
