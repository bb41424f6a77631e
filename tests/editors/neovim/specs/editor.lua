-- How the plugin lives in Neovim.

test('nothing is started before a file is opened', function(t)
  t.same({}, vim.lsp.get_clients())
  t.same(2, vim.fn.exists(':Qwen'))
  t.same(nil, package.loaded['qwen.chat'])
end)

-- needs options {"enable": false}
test('with enable = false the server starts at the first command only', function(t)
  vim.cmd.edit(t.root('app', 'sk-app-key-0000aaaa'))
  vim.wait(300)
  t.same({}, vim.lsp.get_clients())
  vim.cmd('Qwen chat hello')
  t.answer('key sk%-…aaaa')
end)

-- needs options {"cmd": ["no-such-server"]}
test('a missing server is said once, with what to do, however many files are opened', function(t)
  vim.cmd.edit(t.root('one', 'sk-one-key-000011111'))
  vim.cmd.edit(t.root('two', 'sk-two-key-000022222'))
  vim.cmd('Qwen chat hello')
  local cure = 'install it, or set vim.g.qwen = { cmd = { "/path/to/qwen-language-server" } }'
  local problem = 'no-such-server is not on PATH; ' .. cure
  t.same({ 'Qwen: ' .. problem }, t.notified)
  t.same(true, t.text():find('> ' .. problem, 1, true) ~= nil)
  t.same(false, require('qwen.chat').busy())
end)

-- needs 0.12 options {"cmd": ["no-such-server"]}
test('vim.lsp.config may name the server', function(t)
  vim.lsp.config('qwen', { cmd = { vim.env.QWEN_LANGUAGE_SERVER } })
  t.app()
  t.same('Qwen: qwen3-coder-plus', require('qwen').statusline())
  t.same({}, t.notified)
end)

-- needs options {"cmd": ["no-such-server"]}
test('the health check says that the server is missing', function(t)
  vim.cmd('Qwen doctor')
  t.same(true, t.text():find('no-such-server is not on PATH; install it', 1, true) ~= nil)
end)

test('a command works with no file at all', function(t)
  vim.cmd.cd(vim.fs.dirname(t.root('app', 'sk-app-key-0000aaaa')))
  vim.cmd('Qwen chat hello')
  t.answer('key sk%-…aaaa')
end)

test('the home folder’s own .qwen does not make the home folder a root', function(t)
  t.write('home/.qwen/settings.json', '{}')
  local file = t.write('home/notes/a.md', '')
  t.same(nil, require('qwen.root').above(file))
  t.same(
    t.world .. '/home/app',
    require('qwen.root').above(t.write('home/app/.qwen/.env', '') and t.write('home/app/src/a.py', ''))
  )
end)

test('pages of other plugins are left alone', function(t)
  vim.api.nvim_buf_set_name(0, 'oil:///tmp/')
  vim.bo.filetype = 'markdown'
  vim.wait(200)
  t.same({}, vim.lsp.get_clients())
end)

test('the command completes its words', function(t)
  local function complete(line)
    return vim.fn.getcompletion(line, 'cmdline')
  end
  t.same({ 'auth', 'chat', 'doctor', 'inline', 'log', 'model', 'send', 'status', 'stop' }, complete('Qwen '))
  t.same({ 'sign-in', 'sign-out' }, complete('Qwen auth sign'))
  t.same({ 'qwen-oauth', 'openai' }, complete('Qwen auth switch '))
  t.same({ 'on', 'off' }, complete('Qwen inline '))
  t.same({}, complete('Qwen chat '))
end)

test('a wrong word is answered with the right ones', function(t)
  vim.cmd('Qwen nonsense')
  t.notification('there is auth, chat, doctor')
  vim.cmd('Qwen auth nonsense')
  t.notification('it has status, sign%-in')
end)

test('the health check names the server, the root and its problems', function(t)
  t.app()
  vim.cmd('Qwen doctor')
  local text = t.text()
  t.same(true, text:find('qwen%-language%-server %d+%.%d+') ~= nil)
  t.same(true, text:find(t.world .. '/app', 1, true) ~= nil)
  t.same(true, text:find('sk-…aaaa', 1, true) ~= nil)
  t.same(nil, text:find('sk-app-key', 1, true))
end)

test('the log opens and cannot be written by accident', function(t)
  t.app()
  vim.cmd('Qwen log')
  t.same('lsp.log', vim.fs.basename(vim.api.nvim_buf_get_name(0)))
  t.same(true, vim.bo.readonly)
end)

test('the help has its tags', function(t)
  vim.cmd('helptags ' .. vim.env.PLUGIN .. '/doc')
  for _, tag in ipairs({ 'qwen', ':Qwen', 'qwen-options', 'qwen-chat', 'qwen-statusline', 'qwen-inline' }) do
    vim.cmd.help(tag)
    t.same('qwen.txt', vim.fs.basename(vim.api.nvim_buf_get_name(0)))
  end
  vim.fn.delete(vim.env.PLUGIN .. '/doc/tags')
end)

-- needs 0.12
test('the README’s lines install the plugin with vim.pack, and its help', function(t)
  local repository = vim.fs.dirname(vim.fs.dirname(vim.env.PLUGIN))
  local copy = t.world .. '/qwen-language-server'
  local function git(...)
    local result = vim
      .system({ 'git', '-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ... }, { text = true })
      :wait()
    assert(result.code == 0, result.stderr)
  end
  vim.fn.mkdir(copy .. '/editors', 'p')
  vim.system({ 'cp', '-r', repository .. '/editors/neovim', copy .. '/editors/' }):wait()
  git('init', '-q', copy)
  git('-C', copy, 'add', '.')
  git('-C', copy, 'commit', '-qm', 'All')
  vim.opt.runtimepath:remove(vim.env.PLUGIN)
  vim.g.loaded_qwen = nil
  vim.api.nvim_del_user_command('Qwen')
  local readme = table.concat(vim.fn.readfile(vim.env.PLUGIN .. '/README.md'), '\n')
  local lines = readme:match('```lua\n(.-)```'):gsub('/path/to/qwen%-language%-server', copy)
  -- A person is asked before something is installed.
  local add = vim.pack.add
  vim.pack.add = function(specs, opts)
    return add(specs, vim.tbl_extend('force', opts, { confirm = false }))
  end
  assert(loadstring(lines))()
  t.same(2, vim.fn.exists(':Qwen'))
  local found = vim.api.nvim_get_runtime_file('plugin/qwen.lua', true)
  t.same(true, found[1]:find('site/pack/core/opt/qwen-language-server', 1, true) ~= nil)
  vim.cmd.help('qwen-chat')
end)

test('opening a file brings no complaint', function(t)
  t.app()
  vim.cmd('Qwen chat hello')
  t.answer('key sk%-…aaaa')
  t.same({}, t.notified)
  t.same('', vim.trim(vim.fn.execute('messages')))
end)
