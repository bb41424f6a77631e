--- What a user may set in `vim.g.qwen`. It is read when it is used, so it may be set at any time and need not be set.
local M = {}

---@class qwen.KeyOptions false leaves a key alone
---@field send string|false sends the prompt, in normal mode
---@field send_insert string|false sends the prompt, in insert mode
---@field stop string|false stops the answer
---@field yank string|false copies the code block under the cursor
---@field apply string|false puts the code block under the cursor into the file
---@field accept string|false accepts an inline completion, in insert mode, in files

---@class qwen.ChatOptions
---@field split 'right'|'left'|'above'|'below' where a chat opens
---@field width integer columns, for left and right
---@field height integer lines, for above and below

---@class qwen.Options
---@field enable boolean start the server for the files that are opened
---@field cmd string[] the server and its arguments
---@field root_markers string[] names that make their folder a root; the nearest wins
---@field settings table the server's settings, without the leading `qwen.`; they never hold a key
---@field inline_completion boolean suggest code while typing (Neovim 0.12)
---@field chat qwen.ChatOptions
---@field keys qwen.KeyOptions

---@type qwen.Options
local defaults = {
  enable = true,
  cmd = { 'qwen-language-server' },
  root_markers = { '.qwen', '.git', '.hg', '.jj', '.svn' },
  settings = {},
  inline_completion = false,
  chat = { split = 'right', width = 80, height = 20 },
  keys = { send = '<CR>', send_insert = '<C-s>', stop = '<C-c>', yank = 'gy', apply = 'ga', accept = false },
}

---The options as they are now: the user's over the defaults.
---@return qwen.Options
function M.get()
  local given = vim.g.qwen or {}
  local options = vim.tbl_deep_extend('force', vim.deepcopy(defaults), given)
  -- Lists are replaced, never merged item by item (tbl_deep_extend did merge them before Neovim 0.11).
  options.cmd = given.cmd or options.cmd
  options.root_markers = given.root_markers or options.root_markers
  return options
end

---The server's settings: the user's, with inline completion switched on when the plugin's option asks for it.
---@return table
function M.settings()
  local options = M.get()
  local settings = vim.deepcopy(options.settings)
  if options.inline_completion then
    settings = vim.tbl_deep_extend('keep', settings, { inlineCompletion = { enable = true } })
  end
  -- An empty Lua table would reach the server as a list.
  return next(settings) and settings or vim.empty_dict()
end

---Names in `vim.g.qwen` that no option has, for the health check.
---@return string[]
function M.unknown()
  local names = {}
  for name in pairs(vim.g.qwen or {}) do
    if defaults[name] == nil then
      table.insert(names, tostring(name))
    end
  end
  table.sort(names)
  return names
end

return M
