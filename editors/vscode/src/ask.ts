/** Says a failure to the user, with the button that the server offers for it. */
import * as vscode from 'vscode'
import { commandOf, failureOf } from './errors'

export async function showFailure(error: unknown): Promise<void> {
  const failure = failureOf(error)
  if (failure.cancelled || error instanceof vscode.CancellationError) return
  const text = failure.data?.hint === undefined ? failure.message : `${failure.message} ${failure.data.hint}`
  const offered = commandOf(failure.data)
  const chosen = await vscode.window.showErrorMessage(text, ...(offered ? [offered.title] : []))
  if (offered && chosen === offered.title) await vscode.commands.executeCommand(offered.command, ...offered.arguments)
}

/** Runs what a command asks for; a failure becomes a message instead of a stack trace. */
export function orSay<T extends unknown[]>(run: (...values: T) => unknown): (...values: T) => Promise<void> {
  return async (...values) => {
    try {
      await run(...values)
    } catch (error) {
      await showFailure(error)
    }
  }
}

/** Opens the settings where this one can be set: a remote machine has its own page for its programs' paths. */
export async function openSetting(name: string): Promise<void> {
  if (vscode.env.remoteName === undefined) await vscode.commands.executeCommand('workbench.action.openSettings', name)
  else await vscode.commands.executeCommand('workbench.action.openRemoteSettings', { query: name })
}
