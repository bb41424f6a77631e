/** One sign-in as the user sees it: the code, the page, a way to stop; the server does all the rest. */
import * as vscode from 'vscode'
import { failureOf } from '../errors'
import type { AuthAction, DeviceAuthorization } from '../protocol'
import type { Qwen } from '../qwen'
import { openExternal } from '../server/client'

const { t } = vscode.l10n

export class SignIn implements vscode.Disposable {
  private cancellation: vscode.CancellationTokenSource | undefined
  private readonly subscription: vscode.Disposable
  private shown: string | undefined

  constructor(private readonly qwen: Qwen) {
    this.subscription = qwen.onDidChange(() => {
      // Whoever began it (a command of the server's may have): the code is shown.
      if (qwen.device && qwen.device.userCode !== this.shown) void this.show(qwen.device)
      this.shown = qwen.device?.userCode
    })
  }

  get running(): boolean {
    return this.cancellation !== undefined || this.qwen.device !== undefined
  }

  /** `action`: a sign-in, or a switch of the method, which may need one. */
  async run(action: AuthAction = { action: 'signIn' }): Promise<void> {
    if (this.cancellation) {
      if (this.qwen.device) await this.show(this.qwen.device)
      return
    }
    const cancellation = new vscode.CancellationTokenSource()
    this.cancellation = cancellation
    const workDoneToken = this.qwen.newToken()
    try {
      const status = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: action.action === 'signIn' ? t('Signing in to Qwen') : t('Switching the method'), cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => cancellation.cancel())
          const work = this.qwen.onWorkDone(workDoneToken, (message) => progress.report({ message }))
          try {
            return await this.qwen.auth(action, this.qwen.roots.current, cancellation.token, workDoneToken)
          } finally {
            work.dispose()
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
      this.qwen.setDevice(undefined)
      cancellation.dispose()
    }
  }

  cancel(): void {
    this.cancellation?.cancel()
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

  private async show(device: DeviceAuthorization): Promise<void> {
    const [copyCode, copyAddress, open] = [t('Copy Code'), t('Copy Address'), t('Open Page')]
    const message = t('To sign in to Qwen, open {0} and enter the code {1}.', device.verificationUri, device.userCode)
    const chosen = await vscode.window.showInformationMessage(message, open, copyCode, copyAddress)
    if (chosen === open) await this.open()
    if (chosen === copyCode) await this.copyCode()
    if (chosen === copyAddress) await this.copyAddress()
  }
}

/** The address that has the code in it, as the service wrote it. */
export function addressOf(device: DeviceAuthorization): string {
  return device.verificationUriComplete ?? device.verificationUri
}
