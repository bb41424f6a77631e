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
