import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inWindow } from './harness.mjs'

for (const [language, state, buttons, command] of [
  ['fr', 'Qwen : déconnecté', ['Se connecter avec Qwen', 'Définir une clé d’API'], 'Qwen: Ouvrir la discussion'],
  ['zh-cn', 'Qwen：未登录', ['用 Qwen 登录', '设置 API 密钥'], 'Qwen: 打开聊天'],
]) {
  test(`the extension speaks the language of VS Code: ${language}`, inWindow({ language }, async (window) => {
    await window.status(state)
    await window.command(command)
    await window.chat().getByRole('button').first().waitFor()
    await window.picture(`language-${language}`)
    assert.deepEqual(await window.chat().getByRole('button').allInnerTexts(), buttons)
  }))
}
