--- What the server may send by itself, and who takes it.
return {
  ['$/progress'] = require('qwen.progress').handle,
  ['workspace/applyEdit'] = function(err, edit, ctx)
    local result = vim.lsp.handlers['workspace/applyEdit'](err, edit, ctx)
    -- The status lines read from a chat document whether it is being answered.
    vim.cmd.redrawstatus({ bang = true })
    return result
  end,
  ['window/showDocument'] = require('qwen.browser').show_document,
  ['window/showMessageRequest'] = function(err, params, ctx)
    -- Where no browser opened, the server asks in words; the sign-in's window says the same without stopping the user.
    if require('qwen.sign_in').says(params.message) then
      return vim.NIL
    end
    return vim.lsp.handlers['window/showMessageRequest'](err, params, ctx)
  end,
  ['qwen/authStatusChanged'] = function(_, status)
    require('qwen.status').changed(status)
  end,
  ['qwen/deviceAuthorization'] = function(_, authorization)
    require('qwen.sign_in').show(authorization)
  end,
}
