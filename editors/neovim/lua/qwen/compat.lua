--- The few calls that differ between Neovim 0.10 and later versions.
local M = {}

local has_methods = vim.fn.has('nvim-0.11') == 1

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param handler fun(err: lsp.ResponseError?, result: any)
---@return boolean sent, integer? id
function M.request(client, method, params, handler)
  if has_methods then
    return client:request(method, params, handler)
  end
  return client.request(method, params, handler)
end

---@param client vim.lsp.Client
---@param method string
---@param params table
---@return boolean
function M.notify(client, method, params)
  if has_methods then
    return client:notify(method, params)
  end
  return client.notify(method, params)
end

---@param client vim.lsp.Client
---@param id integer
---@return boolean
function M.cancel(client, id)
  if has_methods then
    return client:cancel_request(id)
  end
  return client.cancel_request(id)
end

---@param client vim.lsp.Client
---@return boolean
function M.is_stopped(client)
  if has_methods then
    return client:is_stopped()
  end
  return client.is_stopped()
end

---The server's configuration: `lsp/qwen.lua`, and over it what the user gave `vim.lsp.config` where that exists.
---@return vim.lsp.ClientConfig
function M.config()
  local config
  if vim.lsp.config then
    config = vim.deepcopy(vim.lsp.config.qwen)
  else
    config = dofile(vim.api.nvim_get_runtime_file('lsp/qwen.lua', false)[1])
  end
  config.name = 'qwen'
  return config
end

---Starts the server for a buffer, or without one.
---@param config vim.lsp.ClientConfig
---@param bufnr? integer
---@return integer? client_id
function M.start(config, bufnr)
  local reuse_client = config.reuse_client
  -- 0.10 does not know these two and would refuse or misread them.
  config.root_dir = type(config.root_dir) == 'string' and config.root_dir or nil
  if bufnr then
    return vim.lsp.start(config, { bufnr = bufnr, reuse_client = reuse_client })
  end
  if has_methods then
    return vim.lsp.start(config, { attach = false, reuse_client = reuse_client })
  end
  return (vim.lsp.start_client(config))
end

return M
