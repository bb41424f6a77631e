--- What the server may send by itself, and who takes it.
return {
  ['$/progress'] = require('qwen.progress').handle,
  ['window/showDocument'] = require('qwen.browser').show_document,
  ['qwen/authStatusChanged'] = function(_, status)
    require('qwen.status').changed(status)
  end,
  ['qwen/deviceAuthorization'] = function(_, authorization)
    require('qwen.sign_in').show(authorization)
  end,
}
