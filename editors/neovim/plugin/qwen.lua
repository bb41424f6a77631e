--- Starts the server for the files that are opened, and defines `:Qwen`. All else is loaded when it is used.
if vim.g.loaded_qwen or vim.fn.has('nvim-0.10') == 0 then
  return
end
vim.g.loaded_qwen = true

vim.api.nvim_create_user_command('Qwen', function(args)
  require('qwen.command').run(args)
end, {
  nargs = '+',
  range = true,
  bang = true,
  desc = 'Qwen: chat, account, model, status',
  complete = function(lead, line)
    return require('qwen.command').complete(lead, line)
  end,
})

local group = vim.api.nvim_create_augroup('qwen', {})

---@param id integer
---@return vim.lsp.Client?
local function ours(id)
  local client = vim.lsp.get_client_by_id(id)
  return client and client.name == 'qwen' and client or nil
end

vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function(event)
    local client = ours(event.data.client_id)
    if client then
      require('qwen.inline').attach(client, event.buf)
      if not require('qwen.status').of(event.buf) then
        require('qwen.auth').refresh(require('qwen.root').target(event.buf))
      end
    end
  end,
})

vim.api.nvim_create_autocmd('LspProgress', {
  group = group,
  callback = function(event)
    if ours(event.data.client_id) then
      require('qwen.work').on_progress(event.data.params)
    end
  end,
})

if vim.tbl_get(vim.g, 'qwen', 'enable') == false then
  return
end

if vim.lsp.enable then
  vim.lsp.enable('qwen')
else
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    callback = function(event)
      local compat = require('qwen.compat')
      local config = compat.config()
      config.root_dir(event.buf, function(directory)
        config.root_dir = directory
        compat.start(config, event.buf)
      end)
    end,
  })
end
