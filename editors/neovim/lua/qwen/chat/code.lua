--- The fenced code block under the cursor: found, copied, put into the file.
local sections = require('qwen.chat.sections')

local M = {}

---The lines of the code block around a line, without its fences.
---@param lines string[]
---@param at integer from 1
---@return string[]?
function M.block(lines, at)
  local fence, first
  for number, line in ipairs(lines) do
    local marks, rest = line:match('^%s*(```+)(.*)$')
    if not marks then
      marks, rest = line:match('^%s*(~~~+)(.*)$')
    end
    if marks and not fence then
      fence, first = marks, number
    elseif marks and vim.startswith(marks, fence) and rest:match('^%s*$') then
      if at >= first and at <= number then
        return vim.list_slice(lines, first + 1, number - 1)
      end
      fence = nil
    end
  end
  -- An answer that is still arriving, or was stopped, has no last fence.
  if fence and at >= first then
    return vim.list_slice(lines, first + 1)
  end
end

---The code block under the cursor of a chat, and the section it is in.
---@param bufnr integer
---@return string[]? lines, qwen.Section?
function M.under_cursor(bufnr)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  for _, section in ipairs(sections.list(bufnr)) do
    if row > section.row and row <= section.last then
      local lines = vim.api.nvim_buf_get_lines(bufnr, section.row + 1, section.last + 1, false)
      return M.block(lines, row - section.row), section
    end
  end
end

---Copies the code block under the cursor.
---@param bufnr integer
function M.yank(bufnr)
  local lines = M.under_cursor(bufnr)
  if not lines then
    return vim.notify('Qwen: there is no code block under the cursor')
  end
  local text = table.concat(lines, '\n') .. '\n'
  vim.fn.setreg('"', text, 'V')
  if vim.fn.has('clipboard') == 1 then
    pcall(vim.fn.setreg, '+', text, 'V')
  end
  vim.notify(('Qwen: %d line%s copied'):format(#lines, #lines == 1 and '' or 's'))
end

---The window that the user came from: the last one with a file.
---@return integer?
local function file_window()
  local root = require('qwen.root')
  local previous = vim.fn.win_getid(vim.fn.winnr('#'))
  for _, winid in ipairs(vim.list_extend({ previous }, vim.api.nvim_tabpage_list_wins(0))) do
    if winid ~= 0 and vim.api.nvim_win_is_valid(winid) and root.is_file(vim.api.nvim_win_get_buf(winid)) then
      return winid
    end
  end
end

---Puts the code block under the cursor into a file: over the lines that the question was about, or at the cursor.
---The user chooses where both can be done; `u` in the file undoes it.
---@param bufnr integer
---@param attached? qwen.Attached the lines that the question was about
function M.apply(bufnr, attached)
  local lines = M.under_cursor(bufnr)
  if not lines then
    return vim.notify('Qwen: there is no code block under the cursor')
  end
  local places = {}
  local range = attached and require('qwen.chat.attached').range(attached)
  if attached and range then
    local name = vim.fs.basename(vim.api.nvim_buf_get_name(attached.bufnr))
    table.insert(places, {
      words = ('Replace lines %d to %d of %s'):format(range[1] + 1, range[2], name),
      bufnr = attached.bufnr,
      range = range,
    })
  end
  local winid = file_window()
  if winid then
    local target = vim.api.nvim_win_get_buf(winid)
    local row = vim.api.nvim_win_get_cursor(winid)[1]
    local name = vim.fs.basename(vim.api.nvim_buf_get_name(target))
    table.insert(
      places,
      { words = ('Insert after line %d of %s'):format(row, name), bufnr = target, range = { row, row } }
    )
  end
  if #places == 0 then
    return vim.notify('Qwen: no window shows a file to put the code into')
  end
  vim.ui.select(places, {
    prompt = 'Apply the code:',
    format_item = function(place)
      return place.words
    end,
  }, function(place)
    if place then
      vim.api.nvim_buf_set_lines(place.bufnr, place.range[1], place.range[2], false, lines)
    end
  end)
end

return M
