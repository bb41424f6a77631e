-- Accounts, keys and the status.

local function opened(t)
  local file = io.open(t.world .. '/opened')
  local text = file and file:read('a') or ''
  return vim.split(text, '\n', { trimempty = true })
end

test('signing in shows the code, copies it, opens the page unchanged, and ends when approved', function(t)
  t.sign_in()
  t.same('WDJB-MJHT', vim.fn.getreg(vim.fn.has('clipboard') == 1 and '+' or '"'))
  t.wait('the browser', function()
    return #opened(t) == 1
  end)
  t.same({ 'https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c' }, opened(t))
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  t.same(nil, t.float())
  t.same('signedIn', require('qwen').status(vim.fn.bufnr('a.py')).state)
end)

test('a refused sign-in says so and closes the code', function(t)
  t.app_without_key()
  t.selects = { 'Not now' }
  vim.cmd('Qwen auth sign-in')
  t.code()
  t.http('POST', '/deny')
  t.wait('the window to close', function()
    return not t.float()
  end)
  t.notification('^Qwen: .+')
end)

test('a sign-in can be cancelled from its window', function(t)
  t.sign_in()
  t.press('c')
  t.same(nil, t.float())
  t.notification('cancelled')
  vim.cmd('Qwen auth sign-in')
  t.code()
end)

test('asking twice shows the same sign-in again', function(t)
  t.sign_in()
  t.press('q')
  t.same(nil, t.float())
  vim.cmd('Qwen auth sign-in')
  t.code()
end)

test('a browser that stays in the foreground neither blocks Neovim nor is killed', function(t)
  vim.env.XDG_OPEN_HOLD = '1'
  local open, is_waited_for = vim.ui.open, false
  vim.ui.open = function(uri)
    local process, problem = open(uri)
    local wait = process.wait
    process.wait = function(...)
      is_waited_for = true
      return wait(...)
    end
    return process, problem
  end
  t.sign_in()
  local since
  t.wait('the browser, for longer than Neovim’s own two seconds', function()
    vim.uv.update_time()
    since = since or (#opened(t) == 1 and vim.uv.now() or nil)
    return since and vim.uv.now() - since > 2500
  end)
  t.same(false, is_waited_for)
  t.same({ 'https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c' }, opened(t))
  t.write('let-go', '')
  t.wait('the browser’s own end', function()
    return opened(t)[2] == 'ended'
  end)
end)

test('where no program opens pages, the address stays to be copied and the sign-in goes on', function(t)
  vim.ui.open = function()
    return nil, 'vim.ui.open: no handler found'
  end
  t.sign_in()
  t.press('o')
  t.notification('no handler found')
  t.press('u')
  t.notification('the address is')
  local page = 'https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c'
  t.same(page, vim.fn.getreg(vim.fn.has('clipboard') == 1 and '+' or '"'))
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
end)

test('a key goes to the server and into no log, even at the log’s most talkative', function(t)
  vim.lsp.log.set_level(vim.log.levels.TRACE)
  t.app_without_key()
  vim.ui.input = function(_, done)
    done(t.standin .. '/v1')
  end
  vim.fn.inputsecret = function()
    return 'sk-canary-typed-1234567890'
  end
  t.choose('memory')
  vim.cmd('Qwen auth set-key')
  t.notification('Signed in, API key')
  t.same('sk-…7890', require('qwen').status().key)
  t.same(vim.log.levels.TRACE, vim.lsp.log.get_level())
  vim.cmd('Qwen chat hello')
  t.wait('an answer with that key', function()
    return t.text():find('key sk%-…7890')
  end)
end)

test('an empty key is not sent', function(t)
  t.app_without_key()
  vim.ui.input = function(_, done)
    done('')
  end
  vim.fn.inputsecret = function()
    return ''
  end
  vim.cmd('Qwen auth set-key')
  t.same({}, t.notified)
end)

test('the status says where the key came from and never the key', function(t)
  t.app()
  vim.cmd('Qwen status')
  t.wait('the status', function()
    return t.float_text():find('Signed in, API key')
  end)
  local text = t.float_text()
  t.same(true, text:find('sk-…aaaa   from the project’s file', 1, true) ~= nil)
  t.same(true, text:find('app/.qwen/.env:1', 1, true) ~= nil)
  t.same(nil, text:find('sk-app-key', 1, true))
end)

test('the status says what was ignored and to whom it lost', function(t)
  vim.env.OPENAI_API_KEY = 'sk-user-own-key-0000cccc'
  t.app()
  vim.cmd('Qwen status')
  t.wait('the status', function()
    return t.float_text():find('Ignored\n  the environment OPENAI_API_KEY: .+')
  end)
  t.same(nil, t.float_text():find('sk-user-own', 1, true))
end)

test('the status line names the model of the window’s own root', function(t)
  t.open(t.root('one', 'sk-one-key-000011111', 'model-one'))
  t.open(t.root('two', 'sk-two-key-000022222', 'model-two'))
  t.same('Qwen: model-two', require('qwen').statusline())
  vim.cmd.edit(t.world .. '/one/main.py')
  t.same('Qwen: model-one', require('qwen').statusline())
end)

test('choosing a model changes the root’s model', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa', 'qwen3-coder-plus'))
  t.choose('qwen3%-max')
  vim.cmd('Qwen model')
  t.wait('the new model', function()
    return require('qwen').status().model == 'qwen3-max'
  end)
end)

test('an edited project file changes the status by itself', function(t)
  t.open(t.root('app', 'sk-app-key-0000aaaa', 'model-one'))
  t.root('app', 'sk-app-key-0000bbbb', 'model-two')
  t.wait('the new status', function()
    return require('qwen').status().key == 'sk-…bbbb' and require('qwen').statusline() == 'Qwen: model-two'
  end)
end)

test('a refused endpoint is trusted after a question', function(t)
  vim.env.OPENAI_API_KEY = 'sk-user-own-key-0000cccc'
  local file = t.write('app/a.py', '')
  t.write('app/.qwen/.env', 'OPENAI_BASE_URL=https://models.invalid/v1\n')
  t.open(file)
  t.same('refused', require('qwen').status().state)
  t.choose('For this session')
  vim.cmd('Qwen auth trust')
  t.notification('Signed in, API key')
end)

test('asking with no account offers to sign in, and signing in lets the question be asked again', function(t)
  t.app_without_key()
  t.choose('Sign in')
  vim.cmd('Qwen chat hello')
  t.code()
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  t.press('<CR>')
  t.shows('you said: hello')
end)

test('the menu says what each of its words does', function(t)
  t.app()
  t.choose('^status +what is used for this root')
  vim.cmd('Qwen auth')
  t.wait('the status', function()
    return t.float_text():find('Signed in, API key')
  end)
  vim.cmd.close()
  local listed
  vim.ui.select = function(items, opts)
    listed = vim.tbl_map(opts.format_item, items)
  end
  vim.cmd('Qwen auth')
  t.same(#require('qwen.auth').actions, #listed)
end)

test('an expired code is said in the server’s words', function(t)
  t.app_without_key()
  t.selects = { 'Not now' }
  vim.cmd('Qwen auth sign-in')
  t.code()
  t.http('POST', '/expire')
  t.notification('expired')
  t.same(nil, t.float())
end)

test('signing out is shown at once', function(t)
  t.sign_in()
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  vim.cmd('Qwen auth sign-out qwen-oauth')
  t.notification('Signed out')
  t.same('Qwen: signed out', require('qwen').statusline())
end)

test('a sign-in that waits shows its code in the status line, hidden or not, until it ends', function(t)
  t.sign_in()
  t.same('Qwen: sign-in code WDJB-MJHT', require('qwen').statusline())
  t.press('q')
  t.same('Qwen: sign-in code WDJB-MJHT', require('qwen').statusline())
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  t.same('Qwen: coder-model', require('qwen').statusline())
end)

---Begins a sign-in in one of two roots, and says what the status line of each says.
local function sign_in_of_two(t, begin)
  local other = t.root('two', 'sk-two-key-000022222', 'model-two')
  t.open(other)
  t.app_without_key()
  local progress
  vim.api.nvim_create_autocmd('LspProgress', {
    callback = function(event)
      progress = event.data.params.value.message or progress
    end,
  })
  begin()
  t.code()
  t.wait('the code in the server’s progress', function()
    return progress and progress:find('WDJB-MJHT', 1, true)
  end)
  local in_window = require('qwen').statusline()
  t.press('q')
  local own = require('qwen').statusline()
  vim.cmd.edit(other)
  return { in_window, own, require('qwen').statusline() }
end

local of_two = { 'Qwen: sign-in code WDJB-MJHT', 'Qwen: sign-in code WDJB-MJHT', 'Qwen: model-two' }

test('the code of a sign-in is in the status line of its own root, not of another', function(t)
  t.same(
    of_two,
    sign_in_of_two(t, function()
      vim.cmd('Qwen auth sign-in')
    end)
  )
end)

test('so is the code of a sign-in that a code action began', function(t)
  t.same(
    of_two,
    sign_in_of_two(t, function()
      local client = vim.lsp.get_clients({ name = 'qwen' })[1]
      require('qwen.errors').execute(client, 'qwen.signIn', { require('qwen.root').target() })
    end)
  )
end)

test('work that was asked for in a root shows in its status line alone', function(t)
  local other = t.root('two', 'sk-two-key-000022222', 'model-two')
  t.open(other)
  local token = require('qwen.progress').token(require('qwen.root').target())
  require('qwen.work').on_progress({ token = token, value = { kind = 'begin', title = 'Models' } })
  t.same('Qwen: Models', require('qwen').statusline())
  t.app()
  t.same('Qwen: qwen3-coder-plus', require('qwen').statusline())
end)

test('work of which nobody says the root shows in the status line, and leaves it', function(t)
  t.app()
  local work = require('qwen.work')
  work.on_progress({ token = 'of-the-server', value = { kind = 'begin', title = 'Testing the key' } })
  t.same('Qwen: Testing the key', require('qwen').statusline())
  work.on_progress({ token = 'of-the-server', value = { kind = 'end' } })
  t.same('Qwen: qwen3-coder-plus', require('qwen').statusline())
end)

test('a sign-in that a code action began closes its window however it ends', function(t)
  t.app_without_key()
  require('qwen.errors').execute(vim.lsp.get_clients({ name = 'qwen' })[1], 'qwen.signIn')
  t.code()
  t.http('POST', '/deny')
  t.wait('the window to close', function()
    return not t.float()
  end)
  t.notification('the sign%-in was refused')
  t.same('Qwen: signed out', require('qwen').statusline())
end)
