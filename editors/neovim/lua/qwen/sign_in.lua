--- The window that shows the code of a sign-in while the user approves it in a browser.
local float = require('qwen.float')

local M = {}

---@class qwen.DeviceAuthorization
---@field root string
---@field userCode string
---@field verificationUri string
---@field verificationUriComplete? string
---@field expiresAt string RFC 3339

---@type qwen.DeviceAuthorization?
local current
---@type integer?
local window
---@type fun()?
local cancel
---The progress that names the code, and ends when its sign-in does.
---@type string|integer|nil
local token

---Puts text where the user can paste it from: the clipboard if there is one, else the unnamed register.
---@param text string
---@return string where
function M.copy(text)
  if vim.fn.has('clipboard') == 1 then
    local ok = pcall(vim.fn.setreg, '+', text)
    if ok then
      return 'copied to the clipboard'
    end
  end
  vim.fn.setreg('"', text)
  return 'in the unnamed register'
end

---@param authorization qwen.DeviceAuthorization
---@param copied string
---@return string[]
local function lines_of(authorization, copied)
  local lines = {
    '',
    '  Code    ' .. authorization.userCode .. '    (' .. copied .. ')',
    '  Page    ' .. (authorization.verificationUriComplete or authorization.verificationUri),
    '',
    '  The page opens in your browser. If it does not, open it on any device',
    '  and enter the code there. This window closes when you have approved.',
    '',
    '  y copy the code   u copy the page’s address   o open the page',
    (cancel and '  c cancel the sign-in   ' or '  ') .. 'q hide this window',
    '',
  }
  return vim.tbl_map(function(line)
    return (line:gsub('[\r\n]', ' '))
  end, lines)
end

---Shows the code and the page of a sign-in, with the code copied.
---@param authorization qwen.DeviceAuthorization
function M.show(authorization)
  M.close()
  current = authorization
  local page = authorization.verificationUriComplete or authorization.verificationUri
  local lines = lines_of(authorization, M.copy(authorization.userCode))
  -- A sign-in answers to the command that began it, so the window may take the cursor; not out of insert mode.
  vim.cmd.stopinsert()
  local bufnr
  bufnr, window = float.open(lines, 'Sign in to Qwen for ' .. require('qwen.root').label(authorization.root))
  vim.b[bufnr].qwen_target = { root = authorization.root }
  local function key(name, desc, action)
    vim.keymap.set('n', name, action, { buffer = bufnr, nowait = true, desc = desc })
  end
  key('y', 'Copy the code', function()
    vim.notify('Qwen: the code is ' .. M.copy(authorization.userCode))
  end)
  key('u', 'Copy the address', function()
    vim.notify('Qwen: the address is ' .. M.copy(page))
  end)
  key('o', 'Open the page', function()
    local process, problem = require('qwen.browser').open(page)
    if not process then
      vim.notify('Qwen: ' .. problem, vim.log.levels.WARN)
    end
  end)
  key('c', 'Cancel the sign-in', function()
    if cancel then
      cancel()
    end
  end)
end

---Closes the window: the sign-in has ended.
function M.close()
  float.close(window)
  window, current, token = nil, nil, nil
end

---Closes the window when the sign-in has ended that it shows, whoever began it: a code action has no answer of its own.
---@param from string|integer the progress token
---@param value { kind: string, message?: string }
---@return string? root whose sign-in this is
function M.on_progress(from, value)
  if current and value.message and value.message:find(current.userCode, 1, true) then
    token = from
    return current.root
  elseif value.kind == 'end' and from == token then
    M.close()
  end
end

---Whether a sign-in of this Neovim is waiting for the user; if so, its window is shown again.
---@return boolean
function M.resume()
  if not cancel then
    return false
  end
  if current then
    M.show(current)
  end
  return true
end

---How the window cancels the sign-in that this Neovim asked for. Nothing when it has ended.
---@param action? fun()
function M.set_cancel(action)
  cancel = action
end

---Whether the window is open and shows the code that a message is about.
---@param message string
---@return boolean
function M.says(message)
  local is_open = window ~= nil and vim.api.nvim_win_is_valid(window)
  return is_open and current ~= nil and message:find(current.userCode, 1, true) ~= nil
end

---The code of the sign-in that waits for the user in a root.
---@param folder string
---@return string?
function M.code(folder)
  return current and require('qwen.root').path(current.root) == folder and current.userCode or nil
end

---The root whose sign-in is shown.
---@return string?
function M.root()
  return current and current.root
end

return M
