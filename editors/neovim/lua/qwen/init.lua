--- What a user's own configuration may call. Nothing has to be called: `plugin/qwen.lua` does what is needed.
local M = {}

---A few words for the status line of the current window: the model, what is missing, or what is being done.
---@return string
function M.statusline()
  local client = require('qwen.client').get()
  if not client then
    return ''
  end
  local bufnr = vim.api.nvim_win_get_buf(vim.g.statusline_winid or 0)
  local target = require('qwen.root').target(bufnr)
  local folder = require('qwen.root').folder(target)
  if require('qwen.chat').busy(target) or require('qwen.chat.document').busy(folder) then
    return 'Qwen: answering…'
  end
  local code = require('qwen.sign_in').code(folder)
  if code then
    return 'Qwen: sign-in code ' .. code
  end
  local work = require('qwen.work').current(folder)
  if work then
    return 'Qwen: ' .. work
  end
  local words = require('qwen.status').short(require('qwen.status').of(bufnr))
  return words == '' and '' or 'Qwen: ' .. words
end

---The status that the server last told for a buffer's root.
---@param bufnr? integer the current buffer by default
---@return qwen.AuthStatus?
function M.status(bufnr)
  return require('qwen.status').of(bufnr)
end

---Opens a chat, as `:Qwen chat` does.
---@param request? qwen.ChatRequest
function M.chat(request)
  require('qwen.chat').open(request or {})
end

---Stops every answer that is arriving.
---@return boolean stopped
function M.stop()
  return require('qwen.chat').stop()
end

---Accepts the inline completion at the cursor.
---@return boolean accepted
function M.accept()
  return require('qwen.inline').accept()
end

---There is nothing to set up; this lets plugin managers that call `setup(opts)` pass options on.
---@param opts? table
function M.setup(opts)
  if opts then
    vim.g.qwen = vim.tbl_deep_extend('force', vim.g.qwen or {}, opts)
  end
end

return M
