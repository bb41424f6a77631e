--- What the server is busy with, from `LspProgress`.
local M = {}

---@type table<string|integer, string>
local running = {}
---@type (string|integer)[]
local order = {}
---What is shown elsewhere.
---@type table<string|integer, true>
local hidden = {}

---@param token string|integer
local function drop(token)
  running[token] = nil
  order = vim.tbl_filter(function(other)
    return other ~= token
  end, order)
end

---Takes the data of an `LspProgress` event.
---@param params { token: string|integer, value: { kind?: string, title?: string, message?: string, percentage?: integer } }
function M.on_progress(params)
  local token, value = params.token, params.value
  if type(value) ~= 'table' or not value.kind then
    return
  end
  require('qwen.sign_in').on_progress(token, value)
  if hidden[token] then
    hidden[token] = value.kind ~= 'end' or nil
    return
  end
  if value.kind == 'end' then
    drop(token)
  else
    if not running[token] then
      table.insert(order, token)
    end
    running[token] = (value.message or value.title or running[token] or 'working…'):gsub('%s+', ' ')
  end
  vim.cmd.redrawstatus({ bang = true })
end

---Leaves a piece of work out, since it is shown where it belongs.
---@param token string
function M.hide(token)
  hidden[token] = true
end

---The words of the newest piece of work.
---@return string?
function M.current()
  return running[order[#order]]
end

---The server has ended, and its work with it.
function M.clear()
  running, order, hidden = {}, {}, {}
end

return M
