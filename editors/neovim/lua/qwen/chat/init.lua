--- Chats: a buffer each, sent and stopped by a key.
local answer = require('qwen.chat.answer')
local attached = require('qwen.chat.attached')
local code = require('qwen.chat.code')
local context = require('qwen.chat.context')
local options = require('qwen.options')
local root = require('qwen.root')
local sections = require('qwen.chat.sections')
local window = require('qwen.chat.window')

local M = {}

---@class qwen.Chat
---@field bufnr integer
---@field target qwen.Target
---@field directory string where links start
---@field attached? qwen.Attached
---@field running? qwen.Running

---@type table<integer, qwen.Chat>
local chats = {}
local count = 0

---@param chat qwen.Chat
local function set_keys(chat)
  local keys = options.get().keys
  local function map(mode, key, desc, action)
    if key then
      vim.keymap.set(mode, key, action, { buffer = chat.bufnr, nowait = true, desc = 'Qwen: ' .. desc })
    end
  end
  local function send()
    M.send(chat.bufnr)
  end
  map('n', keys.send, 'send the prompt', send)
  map('i', keys.send_insert, 'send the prompt', send)
  map({ 'n', 'i' }, keys.stop, 'stop the answer', function()
    if not M.stop(chat.bufnr) then
      vim.api.nvim_feedkeys(vim.keycode('<C-c>'), 'n', false)
    end
  end)
  map('n', keys.yank, 'copy the code block', function()
    code.yank(chat.bufnr)
  end)
  map('n', keys.apply, 'put the code block into the file', function()
    code.apply(chat.bufnr, chat.attached)
  end)
end

---@param target qwen.Target
---@param directory string
---@return qwen.Chat
local function create(target, directory)
  count = count + 1
  local bufnr = vim.api.nvim_create_buf(true, true)
  local chat = { bufnr = bufnr, target = target, directory = directory }
  chats[bufnr] = chat
  local uri = target.root or target.textDocument.uri
  vim.api.nvim_buf_set_name(bufnr, ('qwen://chat/%s/%d.md'):format(root.label(uri), count))
  vim.bo[bufnr].bufhidden = 'hide'
  vim.b[bufnr].qwen_target = target
  vim.bo[bufnr].filetype = 'markdown'
  sections.append(bufnr, 'user')
  set_keys(chat)
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = bufnr,
    callback = function()
      M.stop(bufnr)
      sections.forget(bufnr)
      chats[bufnr] = nil
    end,
  })
  return chat
end

---The newest chat of a root.
---@param target qwen.Target
---@return qwen.Chat?
local function newest(target)
  local found
  for bufnr, chat in pairs(chats) do
    if vim.deep_equal(chat.target, target) and (not found or bufnr > found.bufnr) then
      found = chat
    end
  end
  return found
end

---Writes into the prompt area: the last section, at its end.
---@param bufnr integer
---@param lines string[]
local function write_prompt(bufnr, lines)
  local all = sections.list(bufnr)
  local section = all[#all]
  if not section or section.role ~= 'user' then
    sections.append(bufnr, 'user')
    all = sections.list(bufnr)
    section = all[#all]
  end
  local text = section.text == '' and {} or vim.list_extend(vim.split(section.text, '\n'), { '' })
  sections.replace(bufnr, section, vim.list_extend(text, lines))
end

---@class qwen.ChatRequest
---@field prompt? string sent at once; without one the prompt area waits for the user
---@field first? integer the first line of the code that goes along, from 1
---@field last? integer
---@field new? boolean begin a new chat

---Opens the chat of the current buffer's root.
---@param request qwen.ChatRequest
function M.open(request)
  local source = vim.api.nvim_get_current_buf()
  local chat = chats[source]
  local target = root.target(source)
  if request.new or not chat then
    local directory = chat and chat.directory
      or root.directory(source)
      or vim.fs.dirname(vim.api.nvim_buf_get_name(source))
    chat = not request.new and newest(target) or create(target, directory)
  end
  local lines = {}
  if request.first and source ~= chat.bufnr then
    vim.list_extend(lines, M.attach(chat, source, request.first, request.last or request.first))
  end
  vim.list_extend(lines, vim.split(request.prompt or '', '\n', { plain = true, trimempty = true }))
  window.show(chat)
  if #lines > 0 then
    if request.first and not request.prompt then
      table.insert(lines, '')
    end
    write_prompt(chat.bufnr, lines)
  end
  window.to_prompt(chat)
  if request.prompt and request.prompt ~= '' then
    M.send(chat.bufnr)
  end
end

---What the prompt says about lines of a buffer: a link where the server can read them, else the text itself.
---@param chat qwen.Chat
---@param source integer
---@param first integer
---@param last integer
---@return string[]
function M.attach(chat, source, first, last)
  if chat.attached then
    attached.release(chat.attached)
  end
  chat.attached = attached.hold(source, first, last)
  if root.is_file(source) then
    return { context.link(vim.api.nvim_buf_get_name(source), chat.directory, first, last), '' }
  end
  local lines = vim.api.nvim_buf_get_lines(source, first - 1, last, false)
  table.insert(lines, 1, '```' .. vim.bo[source].filetype)
  return vim.list_extend(lines, { '```', '' })
end

---Sends the prompt; an empty one asks again what was not answered.
---@param bufnr integer
function M.send(bufnr)
  local chat = chats[bufnr]
  if not chat then
    return
  end
  if chat.running then
    return vim.notify('Qwen: the answer is still arriving; stop it or wait')
  end
  local follow = window.in_prompt(chat)
  answer.start(chat)
  if follow then
    window.to_prompt(chat)
  end
end

---Stops the answer of a chat, or of any chat.
---@param bufnr? integer
---@return boolean stopped
function M.stop(bufnr)
  local stopped = false
  for number, chat in pairs(chats) do
    if chat.running and (not bufnr or bufnr == number) then
      answer.stop(chat)
      stopped = true
    end
  end
  return stopped
end

---The server has ended: no answer will go on.
function M.on_server_exit()
  for _, chat in pairs(chats) do
    if chat.running then
      answer.interrupted(chat)
    end
  end
end

---The bar over a chat's window.
---@return string
function M.winbar()
  local chat = chats[vim.api.nvim_win_get_buf(vim.g.statusline_winid or 0)]
  return chat and window.bar(chat) or ''
end

---Whether a chat is being answered: any, or one of a root.
---@param target? qwen.Target
---@return boolean
function M.busy(target)
  for _, chat in pairs(chats) do
    if chat.running and (not target or vim.deep_equal(chat.target, target)) then
      return true
    end
  end
  return false
end

return M
