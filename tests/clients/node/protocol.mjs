// The library that VS Code's own client is built on, from where `run` has put it.
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(process.env.QWEN_CLIENTS_NODE, 'package.json'))

export const lsp = require('vscode-languageserver-protocol/node')
export const { TextDocument } = require('vscode-languageserver-textdocument')
