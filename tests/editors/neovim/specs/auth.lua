-- Accounts, keys and the status.

local float = function()
  local found
  for _, winid in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(winid).relative ~= '' then
      found = winid
    end
  end
  return found
end

local function float_text(t)
  return float() and t.text(vim.api.nvim_win_get_buf(float())) or ''
end

local function opened(t)
  local file = io.open(t.world .. '/opened')
  local text = file and file:read('a') or ''
  return vim.split(text, '\n', { trimempty = true })
end

local function press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

local function wait_for_code(t)
  t.wait('the code', function()
    return float_text(t):find('WDJB%-MJHT')
  end)
end

test('signing in shows the code, copies it, opens the page unchanged, and ends when approved', function(t)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
  t.same('WDJB-MJHT', vim.fn.getreg(vim.fn.has('clipboard') == 1 and '+' or '"'))
  t.wait('the browser', function()
    return #opened(t) == 1
  end)
  t.same({ 'https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c' }, opened(t))
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  t.same(nil, float())
  t.same('signedIn', require('qwen').status(vim.fn.bufnr('a.py')).state)
end)

test('a refused sign-in says so and closes the code', function(t)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  t.selects = { 'Not now' }
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
  t.http('POST', '/deny')
  t.wait('the window to close', function()
    return not float()
  end)
  t.notification('^Qwen: .+')
end)

test('a sign-in can be cancelled from its window', function(t)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
  press('c')
  t.same(nil, float())
  t.notification('cancelled')
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
end)

test('asking twice shows the same sign-in again', function(t)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
  press('q')
  t.same(nil, float())
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
end)

test('a browser that stays in the foreground neither blocks Neovim nor is killed', function(t)
  vim.env.XDG_OPEN_HOLD = '1'
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  vim.cmd('Qwen auth sign-in')
  local gap, last = 0, vim.uv.now()
  t.wait('the browser, for longer than Neovim’s own two seconds', function()
    vim.uv.update_time()
    gap = math.max(gap, vim.uv.now() - last)
    last = vim.uv.now()
    vim.g.first = vim.g.first or (#opened(t) == 1 and last or nil)
    return vim.g.first and last - vim.g.first > 2500
  end)
  t.same(true, gap < 1000)
  t.same({ 'https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c' }, opened(t))
  t.write('let-go', '')
  t.wait('the browser’s own end', function()
    return opened(t)[2] == 'ended'
  end)
end)

test('a key goes to the server and into no log, even at the log’s most talkative', function(t)
  vim.lsp.log.set_level(vim.log.levels.TRACE)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
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
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
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
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  vim.cmd('Qwen status')
  t.wait('the status', function()
    return float_text(t):find('Signed in, API key')
  end)
  local text = float_text(t)
  t.same(true, text:find('sk-…aaaa   from the project’s file', 1, true) ~= nil)
  t.same(true, text:find('app/.qwen/.env:1', 1, true) ~= nil)
  t.same(nil, text:find('sk-app-key', 1, true))
end)

test('the status says what was ignored and to whom it lost', function(t)
  vim.env.OPENAI_API_KEY = 'sk-user-own-key-0000cccc'
  t.open(t.root('app', 'sk-app-key-0000aaaa'))
  vim.cmd('Qwen status')
  t.wait('the status', function()
    return float_text(t):find('Ignored\n  the environment OPENAI_API_KEY: .+')
  end)
  t.same(nil, float_text(t):find('sk-user-own', 1, true))
end)

test('the status line names the model of the window’s own root', function(t)
  t.open(t.root('one', 'sk-one-key-000011111', 'model-one'))
  t.open(t.root('two', 'sk-two-key-000022222', 'model-two'))
  t.same('Qwen: model-two', require('qwen').statusline())
  vim.cmd.edit(t.world .. '/one/main.py')
  t.same('Qwen: model-one', require('qwen').statusline())
end)

-- needs server qwen.setModel
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
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  t.choose('Sign in')
  vim.cmd('Qwen chat hello')
  wait_for_code(t)
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  press('<CR>')
  t.wait('an answer', function()
    return t.text():find('you said: hello', 1, true)
  end)
end)

test('an expired code is said in the server’s words', function(t)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  t.selects = { 'Not now' }
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
  t.http('POST', '/expire')
  t.notification('expired')
  t.same(nil, float())
end)

test('signing out is shown at once', function(t)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  vim.cmd('Qwen auth sign-in')
  wait_for_code(t)
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  vim.cmd('Qwen auth sign-out qwen-oauth')
  t.notification('Signed out')
  t.same('Qwen: signed out', require('qwen').statusline())
end)

test('the server’s progress shows in the status line and leaves it', function(t)
  t.open(t.write('app/.git/HEAD', '') and t.write('app/a.py', ''))
  vim.cmd('Qwen auth sign-in')
  t.wait('the progress', function()
    return require('qwen').statusline():find('WDJB%-MJHT')
  end)
  t.http('POST', '/approve')
  t.notification('Signed in, Qwen account')
  t.wait('its end', function()
    return not require('qwen').statusline():find('WDJB%-MJHT')
  end)
end)
