--- The server's configuration, for `vim.lsp.enable('qwen')`. Anything in it can be changed with `vim.lsp.config('qwen', …)`.
local client = require('qwen.client')
local options = require('qwen.options')

---@type vim.lsp.Config
return {
  cmd = options.get().cmd,
  root_dir = function(bufnr, on_dir)
    local root = require('qwen.root')
    if root.is_file(bufnr) and client.available() then
      on_dir(root.directory(bufnr))
    end
  end,
  reuse_client = client.reuse,
  init_options = {
    -- The server sends its own notifications only to editors that name them.
    qwen = vim.tbl_extend('force', options.settings(), {
      notifications = { 'qwen/authStatusChanged', 'qwen/deviceAuthorization' },
    }),
  },
  settings = { qwen = options.settings() },
  handlers = require('qwen.handlers'),
  on_init = client.on_init,
  on_exit = client.on_exit,
}
