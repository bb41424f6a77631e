--- The window of a chat: where it opens, and the bar that says what is going on and which keys help.
local options = require('qwen.options')
local root = require('qwen.root')
local sections = require('qwen.chat.sections')
local status = require('qwen.status')

local M = {}

---Shows a chat and goes to it.
---@param chat qwen.Chat
function M.show(chat)
  local winid = vim.fn.win_findbuf(chat.bufnr)[1]
  if winid and vim.api.nvim_win_get_tabpage(winid) == vim.api.nvim_get_current_tabpage() then
    return vim.api.nvim_set_current_win(winid)
  end
  local wanted = options.get().chat
  local is_side = wanted.split == 'right' or wanted.split == 'left'
  winid = vim.api.nvim_open_win(chat.bufnr, true, {
    split = wanted.split,
    win = -1,
    width = is_side and math.min(wanted.width, math.floor(vim.o.columns / 2)) or nil,
    height = not is_side and math.min(wanted.height, math.floor(vim.o.lines / 2)) or nil,
  })
  local set = vim.wo[winid][0]
  set.wrap = true
  set.linebreak = true
  set.number = false
  set.relativenumber = false
  set.signcolumn = 'no'
  set.winbar = "%{%v:lua.require'qwen.chat'.winbar()%}"
end

---Whether the cursor of the current window is in the chat's prompt area.
---@param chat qwen.Chat
---@return boolean
function M.in_prompt(chat)
  local all = sections.list(chat.bufnr)
  local is_here = vim.api.nvim_get_current_buf() == chat.bufnr
  return is_here and #all > 0 and vim.api.nvim_win_get_cursor(0)[1] > all[#all].row
end

---Puts the cursor at the end of the prompt area.
---@param chat qwen.Chat
function M.to_prompt(chat)
  local row = vim.api.nvim_buf_line_count(chat.bufnr)
  local line = vim.api.nvim_buf_get_lines(chat.bufnr, row - 1, row, false)[1]
  vim.api.nvim_win_set_cursor(0, { row, #line })
end

---@param chat qwen.Chat
---@return string
function M.bar(chat)
  local keys = options.get().keys
  local uri = chat.target.root or chat.target.textDocument.uri
  local parts = { 'Qwen in ' .. root.label(uri), status.short(status.of(chat.bufnr)) }
  if chat.running then
    table.insert(parts, chat.running.thinking and 'thinking…' or 'answering…')
    table.insert(parts, keys.stop and keys.stop .. ' stops' or '')
  else
    for _, pair in ipairs({ { keys.send, 'send' }, { keys.yank, 'copy code' }, { keys.apply, 'apply code' } }) do
      table.insert(parts, pair[1] and pair[1] .. ' ' .. pair[2] or '')
    end
  end
  parts = vim.tbl_filter(function(part)
    return part ~= ''
  end, parts)
  -- In a narrow window the keys are cut off first.
  local bar = table.concat(parts, ' · '):gsub('%%', '%%%%')
  return ' ' .. bar .. '%<'
end

---Draws the bars again.
function M.redraw()
  vim.cmd.redrawstatus({ bang = true })
end

---Words at the end of a section's heading: the model, or why the answer ended.
---@param chat qwen.Chat
---@param id integer the heading's extmark
---@param words? string
function M.label(chat, id, words)
  local row = sections.row(chat.bufnr, id)
  if row then
    sections.mark(chat.bufnr, row, id, words)
  end
end

return M
