--- What the server is busy with, from `LspProgress`.
local M = {}

---How the server calls an answer in a chat document.
local ANSWER = 'Qwen answers'

---@type table<string|integer, string>
local running = {}
---@type (string|integer)[]
local order = {}
---The folder of the root that a piece of work is for, where that is known; false for what is shown elsewhere.
---@type table<string|integer, string|false>
local places = {}
---Those that are answers in chat documents.
---@type table<string|integer, true>
local answers = {}

---@param token string|integer
local function drop(token)
  running[token], places[token], answers[token] = nil, nil, nil
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
  local sign_in = require('qwen.sign_in').on_progress(token, value)
  if sign_in then
    M.place(token, { root = sign_in })
  elseif value.title == ANSWER and places[token] == nil then
    M.hide(token)
    answers[token] = true
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

---Notes whose work it is.
---@param token string|integer
---@param target qwen.Target
function M.place(token, target)
  places[token] = require('qwen.root').folder(target)
end

---Leaves a piece of work out, since it is shown where it belongs.
---@param token string|integer
function M.hide(token)
  places[token] = false
end

---Whether an answer is arriving in a chat document. Which, only the documents say.
---@return boolean
function M.answering()
  return next(answers) ~= nil
end

---The words of the newest piece of work that is for a root, or may be.
---@param folder string
---@return string?
function M.current(folder)
  for index = #order, 1, -1 do
    local place = places[order[index]]
    if place == nil or place == folder then
      return running[order[index]]
    end
  end
end

---The server has ended, and its work with it.
function M.clear()
  running, order, places, answers = {}, {}, {}, {}
end

return M
