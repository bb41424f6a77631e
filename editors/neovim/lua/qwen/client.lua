--- The one server of this Neovim: started when it is needed, shared by all roots.
local compat = require('qwen.compat')

local M = {}

---What waits until a server has answered `initialize`, by client id.
---@type table<integer, fun(client: vim.lsp.Client?)[]>
local waiting = {}
local told_missing = false

---The running server, if there is one.
---@return vim.lsp.Client?
function M.get()
  for _, client in ipairs(vim.lsp.get_clients({ name = 'qwen' })) do
    if not compat.is_stopped(client) then
      return client
    end
  end
end

---The program that is started: `vim.g.qwen.cmd`, or what the user gave `vim.lsp.config`. Nothing if that is a function.
---@return string?
function M.program()
  local cmd = compat.config().cmd
  return type(cmd) == 'table' and cmd[1] or nil
end

---@return boolean
local function is_installed()
  local program = M.program()
  return program == nil or vim.fn.executable(program) == 1
end

---Why no server is there, and what to do.
---@return string
function M.not_running()
  if is_installed() then
    return 'the server does not run; :Qwen log has its last words'
  end
  local cure = 'install it, or set vim.g.qwen = { cmd = { "/path/to/qwen-language-server" } }'
  return ('%s is not on PATH; %s'):format(M.program(), cure)
end

---Whether the configured server can be started; says once what to do when it cannot.
---@return boolean
function M.available()
  if is_installed() then
    return true
  end
  if not told_missing then
    told_missing = true
    vim.notify('Qwen: ' .. M.not_running(), vim.log.levels.WARN)
  end
  return false
end

---@param client vim.lsp.Client
---@param folder { uri: string, name: string }
local function announce(client, folder)
  compat.notify(client, 'workspace/didChangeWorkspaceFolders', { event = { added = { folder }, removed = {} } })
end

---Makes a folder one of the server's roots.
---@param client vim.lsp.Client
---@param directory string
function M.add_folder(client, directory)
  local uri = vim.uri_from_fname(directory)
  client.workspace_folders = client.workspace_folders or {}
  for _, folder in ipairs(client.workspace_folders) do
    if folder.uri == uri then
      return
    end
  end
  local folder = { uri = uri, name = directory }
  table.insert(client.workspace_folders, folder)
  M.when_ready(client, function()
    announce(client, folder)
  end)
end

---Lets all roots share one server. Neovim's own rule would start one server for each root.
---@param client vim.lsp.Client
---@param config vim.lsp.ClientConfig
---@return boolean
function M.reuse(client, config)
  if client.name ~= 'qwen' or compat.is_stopped(client) then
    return false
  end
  if type(config.root_dir) == 'string' then
    M.add_folder(client, config.root_dir)
  end
  return true
end

---Calls back once the server has answered `initialize`; with nothing if it ended before.
---@param client vim.lsp.Client
---@param callback fun(client: vim.lsp.Client?)
function M.when_ready(client, callback)
  if client.initialized then
    return callback(client)
  end
  waiting[client.id] = waiting[client.id] or {}
  table.insert(waiting[client.id], callback)
end

---@param id integer
---@param client vim.lsp.Client?
local function release(id, client)
  local callbacks = waiting[id] or {}
  waiting[id] = nil
  for _, callback in ipairs(callbacks) do
    callback(client)
  end
end

---The server has answered `initialize`.
---@param client vim.lsp.Client
function M.on_init(client)
  release(client.id, client)
end

---The server has ended: nothing may wait for it any longer. Neovim itself says how it ended.
---@param id integer
function M.on_exit(_, _, id)
  vim.schedule(function()
    release(id, nil)
    require('qwen.status').forget()
    require('qwen.work').clear()
    require('qwen.sign_in').set_cancel(nil)
    require('qwen.sign_in').close()
    require('qwen.chat').on_server_exit()
  end)
end

---Gives the server the files that are open. It sees their unsaved text only so, and a command, unlike the opening of
---a file, starts it without one.
---@param client vim.lsp.Client
local function attach_open_files(client)
  local root = require('qwen.root')
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and root.is_file(bufnr) then
      local directory = root.directory(bufnr)
      if directory then
        M.add_folder(client, directory)
      end
      vim.lsp.buf_attach_client(bufnr, client.id)
    end
  end
end

---Calls back with a server that is ready and knows the folder, or with nothing if none can be started.
---@param directory? string
---@param callback fun(client: vim.lsp.Client?)
function M.with(directory, callback)
  local client = M.get()
  if client then
    if directory then
      M.add_folder(client, directory)
    end
    return M.when_ready(client, callback)
  end
  if not M.available() then
    return callback(nil)
  end
  local config = compat.config()
  config.root_dir = directory
  local id = compat.start(config)
  client = id and vim.lsp.get_client_by_id(id)
  if not client then
    return callback(nil)
  end
  M.when_ready(client, function(ready)
    if ready then
      attach_open_files(ready)
    end
    callback(ready)
  end)
end

---Sends a request for a root, starting the server if need be.
---@param target qwen.Target
---@param method string
---@param params table
---@param callback fun(err: lsp.ResponseError?, result: any)
---@param on_sent? fun(id: integer, client: vim.lsp.Client) tells the request's id, to cancel it by
function M.request(target, method, params, callback, on_sent)
  M.with(target.root and vim.uri_to_fname(target.root), function(client)
    local sent, id = false, nil
    if client then
      sent, id = compat.request(client, method, vim.tbl_extend('error', target, params), callback)
    end
    if not sent then
      return callback({ code = vim.lsp.protocol.ErrorCodes.ServerNotInitialized, message = M.not_running() })
    end
    if id and on_sent then
      on_sent(id, client)
    end
  end)
end

return M
