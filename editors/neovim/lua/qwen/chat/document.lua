--- Chat documents: files in which the server itself writes the answers.
local root = require('qwen.root')

local M = {}

---What stands after an answer that is arriving.
local MARKER = '<!-- qwen is answering: '

---@param bufnr integer
---@return boolean
local function has_marker(bufnr)
  local lines = vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  for index = #lines, 1, -1 do
    if lines[index]:find(MARKER, 1, true) then
      return true
    end
  end
  return false
end

---Whether a buffer is a chat document.
---@param bufnr integer
---@return boolean
function M.is(bufnr)
  return vim.api.nvim_buf_get_name(bufnr):match('%.qwen%.md$') ~= nil
end

---Whether an answer is arriving in a document of a root.
---@param folder string
---@return boolean
function M.busy(folder)
  if not require('qwen.work').answering() then
    return false
  end
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local is_open = vim.api.nvim_buf_is_loaded(bufnr) and M.is(bufnr)
    if is_open and root.folder(root.target(bufnr)) == folder and has_marker(bufnr) then
      return true
    end
  end
  return false
end

return M
