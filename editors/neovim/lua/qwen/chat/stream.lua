--- Writes an answer into a buffer as it arrives, at an extmark, and leaves every cursor on the text it was on.
local M = {}

local space = vim.api.nvim_create_namespace('qwen.chat.stream')

---@class qwen.Stream
---@field bufnr integer
---@field mark integer where the next delta goes

---Begins a stream at a position.
---@param bufnr integer
---@param row integer
---@return qwen.Stream
function M.open(bufnr, row)
  local mark = vim.api.nvim_buf_set_extmark(bufnr, space, row, 0, { right_gravity = true })
  return { bufnr = bufnr, mark = mark }
end

---@param stream qwen.Stream
---@return integer row, integer col
local function place(stream)
  local mark = vim.api.nvim_buf_get_extmark_by_id(stream.bufnr, space, stream.mark, {})
  return mark[1], mark[2]
end

---Where the cursors of a buffer's windows belong once `added` lines stand after `row`: those above stay, those below
---move down with their text.
---@param bufnr integer
---@param row integer
---@param added integer
---@return table<integer, integer[]>
local function cursors(bufnr, row, added)
  local wanted = {}
  for _, winid in ipairs(vim.fn.win_findbuf(bufnr)) do
    local cursor = vim.api.nvim_win_get_cursor(winid)
    if cursor[1] - 1 > row then
      cursor[1] = cursor[1] + added
    end
    wanted[winid] = cursor
  end
  return wanted
end

---Adds text to the stream.
---@param stream qwen.Stream
---@param text string
function M.write(stream, text)
  if text == '' or not vim.api.nvim_buf_is_loaded(stream.bufnr) then
    return
  end
  local row, col = place(stream)
  if not row then
    return
  end
  local lines = vim.split(text:gsub('\r\n?', '\n'), '\n', { plain = true })
  local wanted = cursors(stream.bufnr, row, #lines - 1)
  vim.api.nvim_buf_set_text(stream.bufnr, row, col, row, col, lines)
  for winid, cursor in pairs(wanted) do
    if not vim.deep_equal(vim.api.nvim_win_get_cursor(winid), cursor) then
      pcall(vim.api.nvim_win_set_cursor, winid, cursor)
    end
  end
end

---Ends the stream; what was written stays.
---@param stream qwen.Stream
function M.close(stream)
  if vim.api.nvim_buf_is_valid(stream.bufnr) then
    vim.api.nvim_buf_del_extmark(stream.bufnr, space, stream.mark)
  end
end

return M
