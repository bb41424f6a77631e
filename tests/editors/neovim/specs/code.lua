-- Code that goes along with a question, code that comes back, and conversations kept in files.

local busy = function()
  return require('qwen.chat').busy()
end

local function wait_for_answer(t, pattern)
  return t.wait('an answer that matches ' .. pattern, function()
    return not busy() and t.text():find(pattern)
  end)
end

local function press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

local block = 'Try this:\n\n```python\ndef add(a, b):\n    return a + b\n```\n\nDone.'

test('a selected range goes along as context, unsaved text included', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  vim.api.nvim_buf_set_lines(0, 1, 2, false, { '    return unsaved_text_of_mine' })
  vim.cmd('1,2Qwen chat explain')
  wait_for_answer(t, 'you said:')
  t.wait('the context upstream', function()
    return vim.json.encode(t.http('GET', '/requests')[1].body):find('unsaved_text_of_mine', 1, true)
  end)
  t.same(nil, vim.json.encode(t.http('GET', '/requests')[1].body):find('print(add', 1, true))
end)

-- needs options {"enable": false}
test('a server that a command starts knows the unsaved text too', function(t)
  vim.cmd.edit(t.root('app', 'sk-app-key-0000aaaa'))
  vim.api.nvim_buf_set_lines(0, 1, 2, false, { '    return unsaved_text_of_mine' })
  vim.cmd('1,2Qwen chat explain')
  wait_for_answer(t, 'you said:')
  t.same(true, vim.json.encode(t.http('GET', '/requests')[1].body):find('unsaved_text_of_mine', 1, true) ~= nil)
end)

test('deleting the link takes the code out of the question', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  vim.cmd('1,2Qwen chat')
  t.same('[main.py lines 1 to 2](main.py#L1-L2)', vim.api.nvim_buf_get_lines(0, 2, 3, false)[1])
  vim.api.nvim_buf_set_lines(0, 2, 3, false, {})
  vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'no code please' })
  press('<CR>')
  wait_for_answer(t, 'you said: no code please')
  t.same(nil, vim.json.encode(t.http('GET', '/requests')[1].body):find('return a', 1, true))
end)

test('an answer cannot attach a file', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  t.write('app/secret.txt', 'do not send me')
  t.http('POST', '/script', { deltas = { '[x](secret.txt)' } })
  vim.cmd('Qwen chat hi')
  wait_for_answer(t, 'secret.txt')
  vim.cmd('Qwen chat again')
  wait_for_answer(t, 'you said: again')
  t.same(nil, vim.json.encode(t.http('GET', '/requests')[2].body):find('do not send me', 1, true))
end)

test('a key copies the code block under the cursor', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  t.http('POST', '/script', { deltas = { block } })
  vim.cmd('Qwen chat hi')
  wait_for_answer(t, 'Done')
  vim.fn.search('return a', 'w')
  press('gy')
  t.same('def add(a, b):\n    return a + b\n', vim.fn.getreg('"'))
end)

test('a key puts the code over the lines that were asked about', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  local file = vim.api.nvim_get_current_buf()
  t.http('POST', '/script', { deltas = { block } })
  vim.cmd('1,2Qwen chat fix')
  wait_for_answer(t, 'Done')
  -- The lines have moved since the question.
  vim.api.nvim_buf_set_lines(file, 0, 0, false, { '# a comment' })
  vim.fn.search('return a', 'w')
  t.choose('Replace lines 2 to 3 of main.py')
  press('ga')
  t.same('# a comment\ndef add(a, b):\n    return a + b\n\n\nprint(add(1, 2))', t.text(file))
end)

-- needs server qwen.chatSend
test('a chat document is sent and answered in its file', function(t)
  t.root('app', 'sk-app-key-0000aaaa')
  t.open(t.write('app/talk.qwen.md', '## You\n\nhello from a file\n'))
  vim.cmd('Qwen send')
  t.wait('the answer in the file', function()
    return t.text():find('## Qwen.*you said: hello from a file')
  end)
end)

test('only a chat document is sent', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  vim.cmd('Qwen send')
  t.notification('ends in .qwen.md')
  t.same({}, t.http('GET', '/requests'))
end)
