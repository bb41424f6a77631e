-- The user's whole configuration: where the plugin is, and where the server is.
vim.opt.runtimepath:prepend(vim.env.PLUGIN)
vim.g.qwen =
  vim.tbl_extend('force', { cmd = { vim.env.QWEN_LANGUAGE_SERVER } }, vim.json.decode(vim.env.QWEN_OPTIONS or '{}'))
vim.opt.swapfile = false
