--- `:checkhealth qwen`: what is there, what is missing, what to do about it.
local M = {}

local health = vim.health

local function check_editor()
  health.start('Neovim')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.warn(
      'Neovim ' .. tostring(vim.version()) .. ' has no vim.lsp.config',
      'Neovim 0.11 lets you change the configuration'
    )
  end
  if require('qwen.inline').supported() then
    health.ok('inline completion is possible')
  else
    health.info('inline completion needs Neovim 0.12')
  end
  if vim.fn.has('clipboard') == 1 then
    health.ok('a clipboard is there for the sign-in code')
  else
    health.warn('no clipboard', 'See :help clipboard. The sign-in code is put into the unnamed register.')
  end
  for _, name in ipairs(require('qwen.options').unknown()) do
    health.warn(('vim.g.qwen.%s is no option'):format(name), 'See :help qwen-options')
  end
end

local function check_server()
  health.start('Server')
  local client = require('qwen.client')
  local program = client.program()
  if not program then
    return health.info('the server is started by a function of vim.lsp.config')
  end
  local path = vim.fn.exepath(program)
  if path == '' then
    return health.error(client.not_running())
  end
  local ok, result = pcall(function()
    return vim.system({ path, '--version' }, { text = true }):wait(5000)
  end)
  if ok and result.code == 0 then
    health.ok(vim.trim(result.stdout) .. ' at ' .. path)
  else
    health.error(path .. ' --version does not answer', 'Install it again')
  end
end

---@param client vim.lsp.Client
---@param folder { uri: string }
local function check_root(client, folder)
  local compat = require('qwen.compat')
  local answered, err, status
  compat.request(client, 'qwen/auth', { action = 'status', root = folder.uri }, function(...)
    answered = true
    err, status = ...
  end)
  vim.wait(5000, function()
    return answered
  end)
  local path = vim.uri_to_fname(folder.uri)
  if not answered then
    return health.error(path .. ': no answer within 5 s', ':Qwen log')
  end
  if err then
    return health.error(path .. ': ' .. err.message)
  end
  local lines = table.concat(require('qwen.status').lines(status), '\n')
  if status.state == 'signedIn' and #status.problems == 0 then
    health.ok(lines)
  else
    health.warn(lines, ':Qwen auth')
  end
end

local function check_roots()
  health.start('Roots')
  local client = require('qwen.client').get()
  if not client then
    return health.info('the server is not running; it starts with the first file or the first :Qwen')
  end
  local folders = client.workspace_folders or {}
  if #folders == 0 then
    health.info('no root: files are resolved from their own folders')
  end
  for _, folder in ipairs(folders) do
    check_root(client, folder)
  end
end

---Runs the checks.
function M.check()
  check_editor()
  check_server()
  check_roots()
end

return M
