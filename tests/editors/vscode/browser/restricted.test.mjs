import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inWindow } from './harness.mjs'

const env = 'OPENAI_API_KEY=sk-canary-alpha-1111\nOPENAI_BASE_URL=$API/v1\n'
const decided = { '.vscode/settings.json': JSON.stringify({ 'qwen.model': 'workspace-model', 'qwen.inlineCompletion.enable': false }) }

/** Trusts the folders of the window, as VS Code lets a user do it. */
async function trust(window) {
  await window.command('Workspaces: Manage Workspace Trust')
  await window.page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click()
}

test('a folder that is not trusted decides nothing by its settings; trusted, it does so without a restart', inWindow({
  folders: { app: { '.qwen/.env': env, ...decided } }, restricted: true,
}, async (window) => {
  await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor()
  await window.status('qwen3-coder-plus')
  const server = await window.server()
  await window.command('Qwen: Open Chat')
  await window.send('who?')
  await window.chat().getByText('model qwen3-coder-plus').waitFor()
  await window.picture('restricted')
  await trust(window)
  await window.status('workspace-model')
  assert.deepEqual(window.servers(), [server])
}))

test("in a folder that is not trusted the user's own key is held back from the project's endpoint", inWindow({
  folders: { app: { '.env': 'OPENAI_BASE_URL=https://stranger.example/v1\nOPENAI_MODEL=project-model\n' } }, restricted: true,
  environment: { OPENAI_API_KEY: 'sk-canary-mine-8888' },
}, async (window) => {
  await window.status('key held back')
  await window.command('Qwen: Open Chat')
  await window.chat().getByRole('button', { name: 'Trust the Endpoint' }).waitFor()
  // Trusting the folder says nothing about the endpoint.
  await trust(window)
  await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor({ state: 'hidden' })
  // What is said of this endpoint was decided after the folder was trusted.
  const other = 'OPENAI_BASE_URL=https://other.example/v1\nOPENAI_MODEL=project-model\n'
  await window.edit('app/.env', other, () => window.chat().getByText('other.example').first().waitFor())
  await window.status('key held back')
}))
