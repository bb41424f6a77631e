--- The lines of a file that a question was about, held by an extmark while the user edits on.
local M = {}

local space = vim.api.nvim_create_namespace('qwen.chat.attached')

---@class qwen.Attached
---@field bufnr integer
---@field mark integer

---@param bufnr integer
---@param first integer from 1
---@param last integer
---@return qwen.Attached
function M.hold(bufnr, first, last)
  local mark = vim.api.nvim_buf_set_extmark(bufnr, space, first - 1, 0, {
    end_row = math.min(last, vim.api.nvim_buf_line_count(bufnr)),
    end_col = 0,
    strict = false,
    right_gravity = true,
    end_right_gravity = false,
  })
  return { bufnr = bufnr, mark = mark }
end

---Where the lines are now, as `nvim_buf_set_lines` counts them; nothing once the file is closed.
---@param attached qwen.Attached
---@return integer[]?
function M.range(attached)
  if not vim.api.nvim_buf_is_loaded(attached.bufnr) then
    return nil
  end
  local mark = vim.api.nvim_buf_get_extmark_by_id(attached.bufnr, space, attached.mark, { details = true })
  if #mark == 0 then
    return nil
  end
  local last = mark[3].end_row
  if mark[3].end_col > 0 then
    last = last + 1
  end
  return { mark[1], math.max(mark[1], last) }
end

---@param attached qwen.Attached
function M.release(attached)
  if vim.api.nvim_buf_is_valid(attached.bufnr) then
    vim.api.nvim_buf_del_extmark(attached.bufnr, space, attached.mark)
  end
end

return M
