--- Opens a page in the user's browser. Neovim's own handler waits two seconds for the opener with the editor blocked,
--- and then kills it, and with it a browser that was started in the foreground.
local M = {}

local PATIENCE_MS = 2000
local STEP_MS = 50

---Starts the opener, and says why it could not.
---@param uri string
---@return vim.SystemObj?, string?
function M.open(uri)
  if not uri:match('^https?://') then
    return nil, 'only web pages are opened: ' .. uri
  end
  local ok, process, problem = pcall(vim.ui.open, uri)
  if not ok then
    return nil, tostring(process)
  end
  if not process then
    return nil, problem or 'no program opens web pages here'
  end
  return process
end

---Whether an opener that has ended did so well. One whose result cannot be told did.
---@param process vim.SystemObj
---@return boolean
local function ended_well(process)
  local state = rawget(process, '_state')
  return not (state and state.result and state.result.code ~= 0)
end

---Handles `window/showDocument`. It answers false when the opener ends badly within two seconds; a slow one goes on.
---@param err lsp.ResponseError?
---@param params lsp.ShowDocumentParams
---@param ctx lsp.HandlerContext
---@return { success: boolean }
function M.show_document(err, params, ctx)
  if not params.external then
    return vim.lsp.handlers['window/showDocument'](err, params, ctx)
  end
  local process = M.open(params.uri)
  if not process then
    return { success = false }
  end
  local routine, is_main = coroutine.running()
  if not routine or is_main then
    return { success = true }
  end
  local waited = 0
  local timer = assert(vim.uv.new_timer())
  timer:start(
    STEP_MS,
    STEP_MS,
    vim.schedule_wrap(function()
      waited = waited + STEP_MS
      if timer:is_closing() or (waited < PATIENCE_MS and not process:is_closing()) then
        return
      end
      timer:stop()
      timer:close()
      coroutine.resume(routine, { success = ended_well(process) })
    end)
  )
  return coroutine.yield()
end

return M
