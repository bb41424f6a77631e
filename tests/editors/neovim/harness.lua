-- Runs one test of a spec file inside Neovim, and ends with 0 when it passes.
local t = {}

t.world = vim.env.WORLD
t.standin = vim.env.STANDIN
t.notified = {}
t.selects = {}

---Waits for a state. The limit only ends a test that fails.
function t.wait(what, look)
  local value
  local ok = vim.wait(15000, function()
    value = look()
    return value and true or false
  end, 10)
  if not ok then
    error('waited in vain for ' .. what .. '\nnotified: ' .. vim.inspect(t.notified) .. '\nbuffer:\n' .. t.text(), 2)
  end
  return value
end

function t.same(wanted, found)
  if not vim.deep_equal(wanted, found) then
    error(('wanted %s\n found %s'):format(vim.inspect(wanted), vim.inspect(found)), 2)
  end
end

function t.text(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr or 0, 0, -1, false), '\n')
end

function t.write(name, text)
  local path = t.world .. '/' .. name
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
  return path
end

function t.read(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  return text
end

---A root with a key of its own that leads to the stand-in, and a file in it.
function t.root(name, key, model)
  local env = t.write(
    name .. '/.qwen/.env',
    ('OPENAI_API_KEY=%s\nOPENAI_BASE_URL=%s/v1\nOPENAI_MODEL=%s\n'):format(key, t.standin, model or 'qwen3-coder-plus')
  )
  vim.uv.fs_chmod(env, 384)
  return t.write(name .. '/main.py', 'def add(a, b):\n    return a - b\n\n\nprint(add(1, 2))\n')
end

---Asks the stand-in; Neovim goes on meanwhile.
function t.http(method, path, body)
  local command = { 'curl', '-s', '--max-time', '20', '-X', method, t.standin .. path }
  if body then
    vim.list_extend(command, { '--data-binary', vim.json.encode(body) })
  end
  local result = vim.system(command, { text = true }):wait()
  return vim.json.decode(result.stdout)
end

---Opens a file and waits until its root's status is known.
function t.open(path)
  vim.cmd.edit(vim.fn.fnameescape(path))
  t.wait('the status of ' .. path, function()
    return require('qwen').status()
  end)
end

function t.notification(pattern)
  return t.wait('a notification ' .. pattern, function()
    for _, message in ipairs(t.notified) do
      if message:find(pattern) then
        return message
      end
    end
  end)
end

---Answers the next `vim.ui.select` with the item whose text matches.
function t.choose(pattern)
  table.insert(t.selects, pattern)
end

---Opens a file of the root `app`, which has a key.
function t.app(model)
  t.open(t.root('app', 'sk-app-key-0000aaaa', model))
end

---Opens a file of the root `app`, which has no key.
function t.app_without_key()
  t.write('app/.git/HEAD', '')
  t.open(t.write('app/a.py', ''))
end

---Presses keys, and returns when what they do is done.
function t.press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'mx', false)
end

function t.busy()
  return require('qwen.chat').busy()
end

---Waits for words in the current buffer.
function t.shows(words)
  return t.wait(words .. ' in the buffer', function()
    return t.text():find(words, 1, true)
  end)
end

---Waits until an answer has ended and the chat matches.
function t.answer(pattern)
  return t.wait('an answer that matches ' .. pattern, function()
    return not t.busy() and t.text():find(pattern)
  end)
end

---Asks in a chat whose answer begins with `half` and stays open; `after` comes when the stand-in lets it go.
function t.half_answer(half, after, question)
  t.http('POST', '/script', { deltas = { half }, hold = true, after = after })
  vim.cmd('Qwen chat ' .. (question or 'hi'))
  t.shows(vim.trim(half))
  t.same(true, t.busy())
end

---What the model was sent, as one text.
function t.sent(number)
  return vim.json.encode(t.http('GET', '/requests')[number or 1].body)
end

function t.float()
  for _, winid in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(winid).relative ~= '' then
      return winid
    end
  end
end

function t.float_text()
  local winid = t.float()
  return winid and t.text(vim.api.nvim_win_get_buf(winid)) or ''
end

---Waits for the window with the code of a sign-in.
function t.code()
  return t.wait('the code', function()
    return t.float_text():find('WDJB-MJHT', 1, true)
  end)
end

---Begins a sign-in in a root that has no key, and waits for the code.
function t.sign_in()
  t.app_without_key()
  vim.cmd('Qwen auth sign-in')
  t.code()
end

-- A person is not there: questions are answered from the test's list, and notes are kept.
vim.notify = function(message)
  table.insert(t.notified, message)
end
vim.ui.select = function(items, opts, done)
  local pattern = table.remove(t.selects, 1)
  assert(pattern, 'nobody answers: ' .. (opts.prompt or '?'))
  for index, item in ipairs(items) do
    if (opts.format_item or tostring)(item):find(pattern) then
      return done(item, index)
    end
  end
  error('no item matches ' .. pattern)
end

local tests = {}
function _G.test(name, run)
  tests[name] = run
end

vim.o.columns, vim.o.lines = 120, 40
dofile(vim.env.SPEC)
local ok, problem = xpcall(function()
  assert(tests[vim.env.TEST], 'there is no test of that name')(t)
end, debug.traceback)
if not ok then
  io.stderr:write(tostring(problem) .. '\n')
  vim.cmd('cquit 1')
end
vim.cmd('qall!')
