-- The chat buffer.

local function wait_for_answer(t, pattern)
  return t.wait('an answer that matches ' .. pattern, function()
    return not require('qwen.chat').busy() and t.text():find(pattern)
  end)
end

test('an answer streams into the chat of the file’s root', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  vim.cmd('Qwen chat hello there')
  wait_for_answer(t, '%*%*key sk%-…aaaa%*%*.*you said: hello there')
  t.same('markdown', vim.bo.filetype)
end)

test('two roots chat with two keys in one server', function(t)
  t.open(t.root('one', 'sk-one-key-000011111'))
  t.open(t.root('two', 'sk-two-key-000022222'))
  t.same(1, #vim.lsp.get_clients({ name = 'qwen' }))
  vim.cmd('Qwen chat from two')
  wait_for_answer(t, 'key sk%-…2222.*from two')
  vim.cmd.wincmd('p')
  vim.cmd.edit(t.world .. '/one/main.py')
  vim.cmd('Qwen chat from one')
  wait_for_answer(t, 'key sk%-…1111.*from one')
  t.same(nil, t.text():find('from two'))
end)
