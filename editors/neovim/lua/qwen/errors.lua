--- Shows what the server says went wrong, and offers what it says would help.
local compat = require('qwen.compat')

local M = {}

---The message, and the hint where there is one.
---@param err lsp.ResponseError
---@return string
function M.text(err)
  local data = type(err.data) == 'table' and err.data or {}
  if type(data.hint) == 'string' and data.hint ~= '' then
    return err.message .. '\n' .. data.hint
  end
  return err.message
end

---@param err lsp.ResponseError
---@param target qwen.Target the root that the request was for
function M.show(err, target)
  vim.notify('Qwen: ' .. M.text(err), vim.log.levels.ERROR)
  M.offer(err, target)
end

---Offers the command that the server sent with an error.
---@param err lsp.ResponseError
---@param target qwen.Target
function M.offer(err, target)
  local command = type(err.data) == 'table' and err.data.command
  local client = require('qwen.client').get()
  if type(command) ~= 'table' or not client then
    return
  end
  -- The message stands in the chat or in a notification already.
  vim.ui.select({ command.title, 'Not now' }, { prompt = ('Qwen: %s?'):format(command.title) }, function(_, index)
    if index ~= 1 then
      return
    end
    -- The plugin's own way is the same, and better: a sign-in that can be cancelled, a status with every origin.
    local own = ({ ['qwen.signIn'] = 'sign-in', ['qwen.status'] = 'status' })[command.command]
    if own then
      return require('qwen.auth')[own](target)
    end
    M.execute(client, command.command, command.arguments)
  end)
end

---Runs one of the server's commands.
---@param client vim.lsp.Client
---@param command string
---@param arguments? any[]
function M.execute(client, command, arguments)
  compat.request(client, 'workspace/executeCommand', { command = command, arguments = arguments }, function(err)
    if err then
      vim.notify('Qwen: ' .. M.text(err), vim.log.levels.ERROR)
    end
  end)
end

return M
