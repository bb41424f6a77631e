--- The code that goes with a question: Markdown links in the user's own words, such as `[a.rs](src/a.rs#L10-L40)`.
--- Deleting the link takes the code out again.
local M = {}

---@class qwen.Context
---@field uri string
---@field range? lsp.Range

---@param path string
---@param root string
---@return string
local function shown_path(path, root)
  local prefix = vim.fs.normalize(root):gsub('(.)/$', '%1') .. '/'
  return vim.startswith(path, prefix) and path:sub(#prefix + 1) or path
end

---Percent-encodes what would end a Markdown link, and the percent sign itself.
---@param path string
---@return string
local function encode(path)
  return (path:gsub('[%%()%s#]', function(char)
    return ('%%%02X'):format(char:byte())
  end))
end

---The line of Markdown that attaches some lines of a file.
---@param path string absolute
---@param root string
---@param first integer from 1
---@param last integer
---@return string
function M.link(path, root, first, last)
  local shown = shown_path(vim.fs.normalize(path), root)
  return ('[%s lines %d to %d](%s#L%d-L%d)'):format(vim.fs.basename(shown), first, last, encode(shown), first, last)
end

---@param target string what stands in a link's parentheses
---@param root string
---@return qwen.Context?
local function parse(target, root)
  if target:match('^%a[%w+.-]+:') then
    return nil
  end
  local path, first, last = target:match('^(.-)#L(%d+)%-L(%d+)$')
  if not path then
    path, first = target:match('^(.-)#L(%d+)$')
    last = first
  end
  path = vim.uri_decode(path or target)
  if not vim.startswith(path, '/') and not path:match('^%a:') then
    path = vim.fs.normalize(root .. '/' .. path)
  end
  if vim.fn.filereadable(path) == 0 and vim.fn.bufloaded(path) == 0 then
    return nil
  end
  local context = { uri = vim.uri_from_fname(path) }
  if first then
    context.range = {
      start = { line = tonumber(first) - 1, character = 0 },
      ['end'] = { line = tonumber(last), character = 0 },
    }
  end
  return context
end

---What the links in a text attach. Links to pages, and to files that are not there, attach nothing.
---@param text string
---@param root string
---@return qwen.Context[]
function M.of(text, root)
  local found = {}
  for target in text:gmatch('%[[^%]\n]*%]%(([^)%s]+)%)') do
    local context = parse(target, root)
    if context then
      table.insert(found, context)
    end
  end
  return found
end

return M
