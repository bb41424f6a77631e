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
  t.same({ 'status', 'sign-in', 'sign-out', 'set-key', 'switch', 'trust' }, complete('Qwen auth '))
  t.same({ 'sign-in', 'sign-out' }, complete('Qwen auth sign'))
  t.same({ 'qwen-oauth', 'openai' }, complete('Qwen auth switch '))
  t.same({ 'qwen-oauth', 'openai' }, complete('Qwen auth sign-out '))
  t.same({ 'openai' }, complete('1,2Qwen auth switch o'))
  t.same({ 'chat' }, complete('Qwen! ch'))
  t.same({ 'on', 'off' }, complete('Qwen inline '))
  for _, ends in ipairs({
    'chat ',
    'doctor ',
    'log ',
    'send ',
    'status ',
    'stop ',
    'model ',
    'auth trust ',
    'auth status ',
    'inline on ',
    'nonsense ',
  }) do
    t.same({}, complete('Qwen ' .. ends))
  end
end)

test('the command completes what the root has: its models, its endpoint', function(t)
  t.app()
  t.same({ 'qwen3-coder-plus', 'qwen3-coder-flash', 'qwen3-max' }, vim.fn.getcompletion('Qwen model ', 'cmdline'))
  t.same({ 'qwen3-max' }, vim.fn.getcompletion('Qwen model qwen3-m', 'cmdline'))
  t.same({ t.standin .. '/v1' }, vim.fn.getcompletion('Qwen auth trust ', 'cmdline'))
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

---Puts a copy of the plugin in the place of the checkout, for what writes into its folder.
local function copied(t, path)
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  assert(vim.system({ 'cp', '-r', vim.env.PLUGIN, path }):wait().code == 0)
  return path
end

---As if the plugin had not been loaded.
local function forgotten()
  vim.opt.runtimepath:remove(vim.env.PLUGIN)
  vim.g.loaded_qwen = nil
  vim.api.nvim_clear_autocmds({ group = 'qwen' })
  if vim.lsp.enable then
    vim.lsp.enable('qwen', false)
  end
  vim.api.nvim_del_user_command('Qwen')
end

test('each tag of the help is there once, and each reference leads to one', function(t)
  forgotten()
  local plugin = copied(t, t.world .. '/plugin')
  vim.opt.runtimepath:append(plugin)
  vim.cmd.helptags(plugin .. '/doc')
  local help = t.read(plugin .. '/doc/qwen.txt')
  local tags = 0
  for tag in help:gmatch('%*([^%s*]+)%*') do
    tags = tags + 1
    vim.cmd.help(tag)
    t.same({ tag, 'qwen.txt' }, { tag, vim.fs.basename(vim.api.nvim_buf_get_name(0)) })
  end
  t.same(true, tags > 10)
  for reference in help:gmatch('|([^%s|]+)|') do
    -- 0.10 has no help for what it lacks.
    if vim.lsp.config or not reference:find('vim.lsp', 1, true) then
      t.same({ reference, true }, { reference, (pcall(vim.cmd.help, reference)) })
    end
  end
  for line in vim.gsplit(help, '\n') do
    t.same({ line, true }, { line, vim.api.nvim_strwidth(line) <= 79 })
  end
end)

-- What lazy.nvim does with a plugin of a folder (core/loader.lua): `init`, then the folder into 'runtimepath' before the
-- first `after`, its plugin/ files sourced, then `require(main).setup(opts)`; and `:helptags` when it installs.
local function lazy_load(spec)
  local paths = vim.api.nvim_get_runtime_file('', true)
  local at = #paths + 1
  for index, path in ipairs(paths) do
    if vim.endswith(path, '/after') then
      at = index
      break
    end
  end
  table.insert(paths, at, spec.dir)
  vim.opt.runtimepath = paths
  for _, file in ipairs(vim.fn.globpath(spec.dir, 'plugin/**/*.lua', false, true)) do
    vim.cmd.source(file)
  end
  if spec.opts then
    require('qwen').setup(spec.opts)
  end
end

---Loads a spec as lazy.nvim does: at once, or at its command (core/handler/cmd.lua), which is run again after that.
local function lazy(spec)
  vim.cmd.helptags(spec.dir .. '/doc')
  if spec.init then
    spec.init(spec)
  end
  if not spec.cmd then
    return lazy_load(spec)
  end
  vim.api.nvim_create_user_command(spec.cmd, function(event)
    local range = ({ [0] = nil, { event.line1 }, { event.line1, event.line2 } })[event.range]
    vim.api.nvim_del_user_command(spec.cmd)
    lazy_load(spec)
    vim.cmd({ cmd = spec.cmd, bang = event.bang or nil, mods = event.smods, args = event.fargs, range = range })
  end, {
    bang = true,
    range = true,
    nargs = '*',
    complete = function(_, line)
      vim.api.nvim_del_user_command(spec.cmd)
      lazy_load(spec)
      return vim.fn.getcompletion(line, 'cmdline')
    end,
  })
end

---The specs for lazy.nvim that the README gives, for a copy of the plugin.
local function readme_specs(t)
  local repository = t.world .. '/qwen-language-server'
  copied(t, repository .. '/editors/neovim')
  assert(vim.uv.fs_symlink(vim.env.QWEN_LANGUAGE_SERVER, t.world .. '/bin/qwen-language-server'))
  local specs = {}
  for block in t.read(vim.env.PLUGIN .. '/README.md'):gmatch('```lua\n(.-)```') do
    if block:find('dir = ', 1, true) then
      local text = block:gsub('/path/to/qwen%-language%-server', repository)
      table.insert(specs, assert(loadstring('return ' .. vim.trim(text)))())
    end
  end
  t.same(2, #specs)
  return specs
end

test('the README’s lines for lazy.nvim load the plugin at the start', function(t)
  local spec = readme_specs(t)[1]
  forgotten()
  t.same(false, spec.lazy)
  lazy(spec)
  t.app()
  vim.cmd('Qwen chat hello')
  t.answer('key sk%-…aaaa')
  vim.cmd.help('qwen-chat')
  t.same(spec.dir .. '/doc/qwen.txt', vim.api.nvim_buf_get_name(0))
end)

test('the README’s lines for lazy.nvim load the plugin at its first command, with its options', function(t)
  local spec = readme_specs(t)[2]
  forgotten()
  lazy(spec)
  local file = t.root('app', 'sk-app-key-0000aaaa')
  vim.cmd.edit(file)
  t.same({}, vim.lsp.get_clients())
  t.same({ 'sign-in', 'sign-out' }, vim.fn.getcompletion('Qwen auth sign', 'cmdline'))
  t.same(24, require('qwen.options').get().chat.height)
  vim.cmd('1,2Qwen chat explain')
  t.answer('key sk%-…aaaa')
  t.same(true, t.sent():find('return a - b', 1, true) ~= nil)
  -- The file that was open before joins the server too.
  t.wait('the file’s client', function()
    return #vim.lsp.get_clients({ bufnr = vim.fn.bufnr(file), name = 'qwen' }) == 1
  end)
end)

test('a command that loads the plugin keeps its range and its bang', function(t)
  local spec = readme_specs(t)[2]
  forgotten()
  lazy(spec)
  vim.cmd.edit(t.root('app', 'sk-app-key-0000aaaa'))
  vim.cmd('1,2Qwen! chat')
  t.same('[main.py lines 1 to 2](main.py#L1-L2)', vim.api.nvim_buf_get_lines(0, 2, 3, false)[1])
end)

test('opening a file brings no complaint', function(t)
  t.app()
  vim.cmd('Qwen chat hello')
  t.answer('key sk%-…aaaa')
  t.same({}, t.notified)
  t.same('', vim.trim(vim.fn.execute('messages')))
end)
