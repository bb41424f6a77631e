--- One answer: asked for, streamed into its section, ended by the model, by the user, by an error or by the server's end.
local client = require('qwen.client')
local compat = require('qwen.compat')
local context = require('qwen.chat.context')
local errors = require('qwen.errors')
local progress = require('qwen.progress')
local sections = require('qwen.chat.sections')
local stream = require('qwen.chat.stream')
local window = require('qwen.chat.window')
local work = require('qwen.work')

local M = {}

---@class qwen.Running
---@field token string
---@field section integer the extmark of the answer's heading
---@field stream qwen.Stream
---@field received boolean whether any text has come
---@field thinking boolean whether the model reasons and has not begun to answer
---@field cancel? fun()

---@param chat qwen.Chat
---@param all qwen.Section[]
---@return table[] messages, qwen.Context[] context
local function conversation(chat, all)
  local messages, attachments, seen = {}, {}, {}
  for _, section in ipairs(all) do
    if section.role ~= 'note' and section.text ~= '' then
      table.insert(messages, { role = section.role, content = section.text })
      -- Only the user's own words attach files: an answer must not be able to ask for one.
      for _, item in ipairs(section.role == 'user' and context.of(section.text, chat.directory) or {}) do
        local key = vim.inspect(item)
        if not seen[key] then
          seen[key] = true
          table.insert(attachments, item)
        end
      end
    end
  end
  return messages, attachments
end

---The section that the answer goes into, and the sections that the question consists of.
---@param chat qwen.Chat
---@return qwen.Section[]? question, integer? id, integer? row
local function place(chat)
  local all = sections.list(chat.bufnr)
  local last = all[#all]
  if last and last.role == 'user' and last.text ~= '' then
    local id, row = sections.append(chat.bufnr, 'assistant')
    vim.api.nvim_buf_set_lines(chat.bufnr, -1, -1, false, { '' })
    sections.append(chat.bufnr, 'user')
    return all, id, row
  end
  local failed = all[#all - 1]
  if last and last.role == 'user' and failed and failed.role == 'note' then
    sections.replace(chat.bufnr, failed, { '' })
    sections.set_role(chat.bufnr, failed.id, 'assistant')
    window.label(chat, failed.id)
    return vim.list_slice(all, 1, #all - 2), failed.id, failed.row + 2
  end
end

---@param chat qwen.Chat
---@param words? string
local function finish(chat, words)
  local running = chat.running
  if not running then
    return
  end
  chat.running = nil
  progress.forget(running.token)
  stream.close(running.stream)
  if vim.api.nvim_buf_is_valid(chat.bufnr) then
    window.label(chat, running.section, words)
  end
  window.redraw()
end

---Ends an answer of which nothing came: its section becomes a note that says why.
---@param chat qwen.Chat
---@param words string
local function finish_with_note(chat, words)
  local running = chat.running
  if not running then
    return
  end
  local label = 'not answered'
  if running.received then
    label = 'cut off: ' .. words:gsub('\n', ' ')
  elseif vim.api.nvim_buf_is_valid(chat.bufnr) then
    local lines = vim.split(words, '\n')
    table.insert(lines, 'Send the empty prompt to ask again.')
    stream.write(running.stream, '> ' .. table.concat(lines, '\n> '))
    sections.set_role(chat.bufnr, running.section, 'note')
  end
  finish(chat, label)
end

---@param result table
---@return string
local function label_of(result)
  local words = result.model
  if result.requestedModel and result.requestedModel ~= result.model then
    words = words .. ', in place of ' .. result.requestedModel
  end
  if result.finishReason == 'length' then
    words = words .. ' · cut off: the answer has reached its length limit'
  elseif result.finishReason == 'contentFilter' then
    words = words .. ' · cut off by the content filter'
  end
  if result.usage then
    words = ('%s · %d tokens'):format(words, result.usage.totalTokens)
  end
  return words
end

---@param chat qwen.Chat
---@param delta { content?: string, reasoning?: string }
local function receive(chat, delta)
  local running = chat.running
  if not running then
    return
  end
  local thinking = not running.received and type(delta.reasoning) == 'string'
  if type(delta.content) == 'string' and delta.content ~= '' then
    thinking = false
    running.received = true
    stream.write(running.stream, delta.content)
  end
  if thinking ~= running.thinking then
    running.thinking = thinking
    window.redraw()
  end
end

---Sends what the chat says and streams the answer in.
---@param chat qwen.Chat
function M.start(chat)
  local question, id, row = place(chat)
  if not question then
    return vim.notify('Qwen: write a prompt first')
  end
  local messages, attachments = conversation(chat, question)
  local running = {
    token = progress.token(),
    section = id,
    stream = stream.open(chat.bufnr, row),
    received = false,
    thinking = false,
  }
  chat.running = running
  local work_token = progress.token()
  -- The status lines of this root say it, and those of other roots need not.
  work.hide(work_token)
  progress.listen(running.token, function(delta)
    receive(chat, delta)
  end)
  window.redraw()
  client.request(chat.target, 'qwen/chat', {
    messages = messages,
    context = #attachments > 0 and attachments or nil,
    partialResultToken = running.token,
    workDoneToken = work_token,
  }, function(err, result)
    if chat.running ~= running then
      return
    end
    if err then
      finish_with_note(chat, errors.text(err))
      return errors.offer(err, chat.target)
    end
    if not running.received and result.message then
      stream.write(running.stream, result.message.content or '')
    end
    finish(chat, label_of(result))
  end, function(request, server)
    running.cancel = function()
      compat.cancel(server, request)
    end
    -- Stopped before the server had started.
    if chat.running ~= running then
      running.cancel()
    end
  end)
end

---Stops the answer. Neovim drops the response to a cancelled request, so the chat ends it here.
---@param chat qwen.Chat
function M.stop(chat)
  local running = chat.running
  if not running then
    return
  end
  if running.cancel then
    running.cancel()
  end
  if running.received then
    finish(chat, 'stopped')
  else
    finish_with_note(chat, 'Stopped.')
  end
end

---The server ended in the middle.
---@param chat qwen.Chat
function M.interrupted(chat)
  finish_with_note(chat, 'The server ended.')
end

return M
