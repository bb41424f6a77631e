--- Suggestions while typing, through Neovim's own `vim.lsp.inline_completion` (0.12).
local options = require('qwen.options')

local M = {}

---Whether this Neovim can show inline completions.
---@return boolean
function M.supported()
  return vim.lsp.inline_completion ~= nil
end

---Switches suggestions on or off for the running server, and tells the server.
---@param client vim.lsp.Client
---@param enable boolean
function M.enable(client, enable)
  if not M.supported() then
    return vim.notify('Qwen: inline completion needs Neovim 0.12', vim.log.levels.WARN)
  end
  local settings =
    vim.tbl_deep_extend('force', client.settings or {}, { qwen = { inlineCompletion = { enable = enable } } })
  client.settings = settings
  require('qwen.compat').notify(client, 'workspace/didChangeConfiguration', { settings = settings })
  vim.lsp.inline_completion.enable(enable, { client_id = client.id })
end

---Accepts the suggestion at the cursor.
---@return boolean accepted
function M.accept()
  return M.supported() and vim.lsp.inline_completion.get()
end

---The server has been attached to a file: makes suggestions appear there if the user wants them.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  local wanted = options.get()
  if not wanted.inline_completion or not M.supported() then
    return
  end
  vim.lsp.inline_completion.enable(true, { client_id = client.id })
  local key = wanted.keys.accept
  if key then
    vim.keymap.set('i', key, function()
      return M.accept() and '' or key
    end, { buffer = bufnr, expr = true, desc = 'Qwen: accept the suggestion' })
  end
end

return M
