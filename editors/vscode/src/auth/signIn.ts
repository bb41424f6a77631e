/** One sign-in as the user sees it: the code, the page, a way to stop; the server does all the rest. */
import * as vscode from 'vscode'
import { failureOf } from '../errors'
import type { AuthAction, DeviceAuthorization } from '../protocol'
import type { Qwen } from '../qwen'
import { openExternal } from '../server/client'
import { invitation } from './pending'

const { t } = vscode.l10n

export class SignIn implements vscode.Disposable {
  private cancellation: vscode.CancellationTokenSource | undefined
  private readonly subscription: vscode.Disposable
  private shown: string | undefined

  constructor(private readonly qwen: Qwen) {
    this.subscription = qwen.onDidChange(() => {
      const { device } = qwen
      // A command of the server's began it: nothing of ours shows the code yet.
      if (device && device.userCode !== this.shown && !this.cancellation) void this.show(device)
      this.shown = device?.userCode
    })
  }

  get running(): boolean {
    return this.cancellation !== undefined || this.qwen.device !== undefined
  }

  /** `action`: a sign-in, or a switch of the method, which may need one. */
  async run(action: AuthAction = { action: 'signIn' }): Promise<void> {
    // Its code may be out of sight by now; the menu has it, too.
    if (this.cancellation) return vscode.commands.executeCommand('qwenls.menu')
    const cancellation = new vscode.CancellationTokenSource()
    this.cancellation = cancellation
    const workDoneToken = this.qwen.newToken()
    try {
      const status = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: action.action === 'signIn' ? t('Signing in to Qwen') : t('Switching the method'), cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => cancellation.cancel())
          const report = (said?: string) => {
            const message = this.qwen.device ? invitation(this.qwen.device, t) : said
            if (message !== undefined) progress.report({ message })
          }
          const sources = [this.qwen.onWorkDone(workDoneToken, report), this.qwen.onDidChange(() => report())]
          try {
            return await this.qwen.auth(action, this.qwen.roots.current, cancellation.token, workDoneToken)
          } finally {
            sources.forEach((each) => each.dispose())
          }
        },
      )
      const who = status.model ?? status.provider?.name ?? 'Qwen'
      void vscode.window.showInformationMessage(action.action === 'signIn' ? t('Signed in to Qwen: {0}', who) : t('The method is switched: {0}', who))
    } catch (error) {
      if (failureOf(error).cancelled) void vscode.window.showInformationMessage(t('The sign-in was cancelled.'))
      else throw error
    } finally {
      this.cancellation = undefined
      this.qwen.endSignIn()
      cancellation.dispose()
    }
  }

  cancel(): void {
    if (this.cancellation) this.cancellation.cancel()
    else this.qwen.cancelSignIn()
  }

  async open(): Promise<void> {
    const { device } = this.qwen
    if (device) await openExternal(addressOf(device))
  }

  async copyCode(): Promise<void> {
    if (this.qwen.device) await vscode.env.clipboard.writeText(this.qwen.device.userCode)
  }

  async copyAddress(): Promise<void> {
    if (this.qwen.device) await vscode.env.clipboard.writeText(addressOf(this.qwen.device))
  }

  dispose(): void {
    this.subscription.dispose()
    this.cancellation?.cancel()
  }

  /** Shows the code until the sign-in has ended. */
  private async show(device: DeviceAuthorization): Promise<void> {
    const options = { location: vscode.ProgressLocation.Notification, title: t('Signing in to Qwen'), cancellable: true }
    await vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => this.qwen.cancelSignIn())
      const report = () => progress.report({ message: invitation(device, t) })
      report()
      return new Promise<void>((resolve) => {
        const waiting = this.qwen.onDidChange(() => {
          if (this.qwen.device?.userCode === device.userCode) return report()
          waiting.dispose()
          resolve()
        })
      })
    })
  }
}

/** The address that has the code in it, as the service wrote it. */
export function addressOf(device: DeviceAuthorization): string {
  return device.verificationUriComplete ?? device.verificationUri
}
