// What editors say that they can do: vscode-languageclient 11 (VS Code 1.139), Helix 25.07 and Zed, as far as this server
// looks at it (measured; Zed's is from its source). All count in UTF-16, as the library's documents do; Helix could choose.
const literals = { codeActionLiteralSupport: { codeActionKind: { valueSet: ['', 'quickfix', 'refactor', 'refactor.extract', 'refactor.inline', 'refactor.rewrite', 'source', 'source.organizeImports'] } } }
const common = {
  textDocument: {
    synchronization: { didSave: true },
    hover: { contentFormat: ['markdown', 'plaintext'] },
    completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown', 'plaintext'] } },
    codeAction: { ...literals, dataSupport: true, resolveSupport: { properties: ['edit', 'command'] } },
    publishDiagnostics: { relatedInformation: true },
    diagnostic: { relatedDocumentSupport: false },
    inlayHint: {},
  },
  workspace: {
    applyEdit: true, workspaceFolders: true, configuration: true,
    workspaceEdit: { documentChanges: true, resourceOperations: ['create', 'rename', 'delete'] },
    diagnostics: { refreshSupport: true },
  },
  window: { workDoneProgress: true, showDocument: { support: true }, showMessage: {} },
}

/** The same with these members in the place of, or beside, the common ones. */
function kind({ textDocument = {}, workspace = {} }) {
  return {
    ...common, general: { positionEncodings: ['utf-16'] },
    textDocument: { ...common.textDocument, ...textDocument },
    workspace: { ...common.workspace, ...workspace },
  }
}

export const vscode = kind({
  textDocument: { codeLens: { dynamicRegistration: true }, inlineCompletion: { dynamicRegistration: true } },
  workspace: {
    workspaceEdit: { ...common.workspace.workspaceEdit, changeAnnotationSupport: { groupsOnLabel: true } },
    didChangeWatchedFiles: { dynamicRegistration: true }, didChangeConfiguration: { dynamicRegistration: true },
  },
})

export const helix = kind({})

export const zed = kind({ textDocument: { codeLens: {} } })

export const all = { vscode, helix, zed }
