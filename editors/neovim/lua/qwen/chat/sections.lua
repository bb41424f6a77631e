--- A chat's text: sections under headings, each heading held by an extmark, so that the user may edit anything and an
--- answer may contain headings of its own.
local M = {}

local space = vim.api.nvim_create_namespace('qwen.chat.sections')

---@alias qwen.Role 'user'|'assistant'|'note' a note is shown and never sent

---@class qwen.Section
---@field id integer the heading's extmark
---@field role qwen.Role
---@field row integer the heading's line, from 0
---@field last integer the section's last line, from 0
---@field text string without the blank lines around it

---@type table<integer, table<integer, qwen.Role>> by buffer, then by extmark
local roles = {}

local headings = { user = '## You', assistant = '## Qwen', note = '## Qwen' }

---@param bufnr integer
---@param id integer
---@return integer? row
function M.row(bufnr, id)
  local mark = vim.api.nvim_buf_get_extmark_by_id(bufnr, space, id, { details = true })
  if #mark == 0 or (mark[3] and mark[3].invalid) then
    return nil
  end
  return mark[1]
end

---Sets or changes the mark of a heading, with words at its end that are not part of the text.
---@param bufnr integer
---@param row integer
---@param id? integer
---@param words? string
---@return integer id
function M.mark(bufnr, row, id, words)
  local heading = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
  return vim.api.nvim_buf_set_extmark(bufnr, space, row, 0, {
    id = id,
    end_row = row,
    end_col = #heading,
    -- A heading that the user deletes ends its section, and comes back when the user undoes that.
    invalidate = true,
    undo_restore = true,
    hl_group = 'Title',
    virt_text = words and { { words, 'Comment' } } or nil,
    virt_text_pos = 'eol',
  })
end

---Adds a section at the end of the buffer, with two lines under its heading: a blank one, and the first of its text.
---@param bufnr integer
---@param role qwen.Role
---@return integer id, integer row of the first line of its text
function M.append(bufnr, role)
  local count = vim.api.nvim_buf_line_count(bufnr)
  local is_empty = count == 1 and vim.api.nvim_buf_get_lines(bufnr, 0, 1, false)[1] == ''
  local last = vim.api.nvim_buf_get_lines(bufnr, -2, -1, false)[1]
  local lines = { headings[role], '', '' }
  if not is_empty and last ~= '' then
    table.insert(lines, 1, '')
  end
  vim.api.nvim_buf_set_lines(bufnr, is_empty and 0 or -1, -1, false, lines)
  local row = vim.api.nvim_buf_line_count(bufnr) - 3
  local id = M.mark(bufnr, row)
  roles[bufnr] = roles[bufnr] or {}
  roles[bufnr][id] = role
  return id, row + 2
end

---@param bufnr integer
---@param id integer
---@param role qwen.Role
function M.set_role(bufnr, id, role)
  roles[bufnr][id] = role
end

---The sections from top to bottom.
---@param bufnr integer
---@return qwen.Section[]
function M.list(bufnr)
  local sections = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(bufnr, space, 0, -1, { details = true })) do
    local role = (roles[bufnr] or {})[mark[1]]
    if role and not mark[4].invalid then
      table.insert(sections, { id = mark[1], role = role, row = mark[2] })
    end
  end
  local count = vim.api.nvim_buf_line_count(bufnr)
  for index, section in ipairs(sections) do
    local following = sections[index + 1]
    section.last = (following and following.row or count) - 1
    local lines = vim.api.nvim_buf_get_lines(bufnr, section.row + 1, section.last + 1, false)
    section.text = vim.trim(table.concat(lines, '\n'))
  end
  return sections
end

---Replaces a section's text, leaving a blank line before and after it.
---@param bufnr integer
---@param section qwen.Section
---@param lines string[]
function M.replace(bufnr, section, lines)
  local is_last = section.last == vim.api.nvim_buf_line_count(bufnr) - 1
  local text = vim.list_extend({ '' }, lines)
  if not is_last then
    table.insert(text, '')
  end
  vim.api.nvim_buf_set_lines(bufnr, section.row + 1, section.last + 1, false, text)
end

---Forgets a buffer that is gone.
---@param bufnr integer
function M.forget(bufnr)
  roles[bufnr] = nil
end

return M
