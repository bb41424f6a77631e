--- Progress tokens: chat deltas go to their chat, all the rest to Neovim (and from there to `LspProgress`).
local M = {}

---@type table<string, fun(value: table)>
local listeners = {}
local count = 0

---A token that no other request of this Neovim uses.
---@param target? qwen.Target whose status lines show the work
---@return string
function M.token(target)
  count = count + 1
  local token = 'qwen-nvim-' .. count
  if target then
    require('qwen.work').place(token, target)
  end
  return token
end

---Sends what arrives for `token` to `callback`, until `M.forget`.
---@param token string
---@param callback fun(value: table)
function M.listen(token, callback)
  listeners[token] = callback
end

---@param token string
function M.forget(token)
  listeners[token] = nil
end

---Handles `$/progress`.
---@param err lsp.ResponseError?
---@param params { token: string|integer, value: any }
---@param ctx lsp.HandlerContext
function M.handle(err, params, ctx)
  local listener = listeners[params.token]
  if listener then
    return listener(params.value)
  end
  return vim.lsp.handlers['$/progress'](err, params, ctx)
end

return M
