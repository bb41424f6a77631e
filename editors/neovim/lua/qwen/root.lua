--- Which root a buffer belongs to. The server decides what a root means; this only names it.
local options = require('qwen.options')

local M = {}

---@class qwen.Target the part of a request that names its root
---@field root? string
---@field textDocument? { uri: string }

---@param directory string
---@param markers string[]
---@return boolean
local function is_root(directory, markers)
  for _, marker in ipairs(markers) do
    -- ~/.qwen holds the user's own settings; it does not make the home folder a project.
    local is_home = marker == '.qwen' and directory == vim.fs.normalize(vim.uv.os_homedir() or '')
    if not is_home and vim.uv.fs_stat(directory .. '/' .. marker) then
      return true
    end
  end
  return false
end

---The nearest folder at or above `path` that has one of the root markers.
---@param path string
---@return string?
function M.above(path)
  path = vim.fs.normalize(vim.fn.fnamemodify(path, ':p'))
  local markers = options.get().root_markers
  local directory = vim.fn.isdirectory(path) == 1 and path:gsub('(.)/$', '%1') or vim.fs.dirname(path)
  if is_root(directory, markers) then
    return directory
  end
  for parent in vim.fs.parents(directory) do
    if is_root(parent, markers) then
      return parent
    end
  end
end

---Whether a buffer holds a file, and not a listing, a terminal or a page of another plugin.
---@param bufnr integer
---@return boolean
function M.is_file(bufnr)
  local name = vim.api.nvim_buf_get_name(bufnr)
  return vim.bo[bufnr].buftype == '' and name ~= '' and not name:match('^%a[%w+.-]+://')
end

---The root's folder for a buffer: the one above its file, or above the current folder. None for a file outside all roots.
---@param bufnr integer
---@return string?
function M.directory(bufnr)
  if M.is_file(bufnr) then
    return M.above(vim.api.nvim_buf_get_name(bufnr))
  end
  return M.above(vim.fn.getcwd()) or vim.fs.normalize(vim.fn.getcwd())
end

---The path of a folder or file. The server may write a URI with other escapes than Neovim.
---@param uri string
---@return string
function M.path(uri)
  return (vim.fs.normalize(vim.uri_to_fname(uri)):gsub('(.)/$', '%1'))
end

---How a request names the root of a buffer. A chat has its own; a file outside all roots names itself.
---@param bufnr? integer the current buffer by default
---@return qwen.Target
function M.target(bufnr)
  bufnr = (bufnr == nil or bufnr == 0) and vim.api.nvim_get_current_buf() or bufnr
  if vim.b[bufnr].qwen_target then
    return vim.b[bufnr].qwen_target
  end
  local directory = M.directory(bufnr)
  if directory then
    return { root = vim.uri_from_fname(directory) }
  end
  return { textDocument = { uri = vim.uri_from_bufnr(bufnr) } }
end

---The folder that a target is resolved in: its root's, or that of a file outside all roots.
---@param target qwen.Target
---@return string
function M.folder(target)
  return target.root and M.path(target.root) or vim.fs.dirname(M.path(target.textDocument.uri))
end

---The name that people see for a root.
---@param uri string
---@return string
function M.label(uri)
  local path = vim.uri_to_fname(uri)
  local name = vim.fs.basename((path:gsub('(.)/$', '%1')))
  return name ~= '' and name or path
end

return M
