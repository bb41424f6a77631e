/** Key, method, model, trust: what the user chooses, handed to the server as it is. */
import * as vscode from 'vscode'
import type { Method } from '../protocol'
import type { Qwen } from '../qwen'
import type { SignIn } from './signIn'

const { t } = vscode.l10n

/** The key goes from the password box to the server and nowhere else. */
export async function setKey(qwen: Qwen): Promise<void> {
  const title = t('Set an API Key')
  const apiKey = await vscode.window.showInputBox({
    title, password: true, ignoreFocusOut: true, prompt: t('It is kept in the keyring of your system, never in settings.'), placeHolder: 'sk-…',
    validateInput: (text) => (text.trim() === '' ? t('Type or paste the key.') : undefined),
  })
  if (apiKey === undefined) return
  const baseUrl = await vscode.window.showInputBox({
    title, ignoreFocusOut: true, prompt: t('The address of the API. Empty: the one that the key itself names.'), placeHolder: 'https://api.example.com/v1',
    validateInput: (text) => (text.trim() === '' || URL.canParse(text.trim()) ? undefined : t('An address begins with https://.')),
  })
  if (baseUrl === undefined) return
  const places = [
    { label: t('Keyring'), description: t('kept over restarts'), store: 'keyring' as const },
    { label: t('Memory'), description: t('until the server ends'), store: 'memory' as const },
  ]
  const place = await vscode.window.showQuickPick(places, { title, placeHolder: t('Where the key is kept'), ignoreFocusOut: true })
  if (!place) return
  const status = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: t('Checking the key') }, () =>
    qwen.auth({ action: 'setKey', apiKey: apiKey.trim(), store: place.store, ...(baseUrl.trim() === '' ? {} : { baseUrl: baseUrl.trim() }) }))
  void vscode.window.showInformationMessage(t('Key {0} is set for {1}.', status.key ?? '…', status.provider?.name ?? status.baseUrl ?? 'Qwen'))
}

export async function signOut(qwen: Qwen): Promise<void> {
  const status = await qwen.auth({ action: 'signOut' })
  const said = status.state === 'signedIn'
    ? t('Signed out. Another method holds now: {0}.', status.key ?? status.provider?.name ?? '')
    : t('Signed out.')
  void vscode.window.showInformationMessage(said)
}

export async function switchMethod(qwen: Qwen, signIn: SignIn): Promise<void> {
  const current = qwen.status?.method
  const mark = (method: Method) => (method === current ? `$(check) ` : '')
  const picked = await vscode.window.showQuickPick(
    [
      { label: `${mark('qwen-oauth')}${t('Qwen sign-in')}`, description: 'qwen-oauth', method: 'qwen-oauth' as const },
      { label: `${mark('openai')}${t('API key')}`, description: 'openai', method: 'openai' as const },
    ],
    { title: t('Switch the Method'), placeHolder: t('Holds from the next request on, for this root, and is remembered') },
  )
  if (!picked || picked.method === current) return
  // Without credentials the server makes a sign-in of it.
  await signIn.run({ action: 'switch', method: picked.method, remember: true })
}

/** The model goes into the settings: a project's file, if it names one, still wins, and the status says so. */
export async function selectModel(qwen: Qwen): Promise<void> {
  const picker = vscode.window.createQuickPick<vscode.QuickPickItem & { id: string }>()
  picker.title = t('Change the Model')
  picker.busy = true
  picker.show()
  try {
    const models = await qwen.models()
    picker.items = models.map((model) => ({
      id: model.id, label: `${model.current ? '$(check) ' : ''}${model.name ?? model.id}`, ...(model.name === undefined ? {} : { description: model.id }),
    }))
    picker.busy = false
  } catch (error) {
    picker.dispose()
    throw error
  }
  const id = await new Promise<string | undefined>((resolve) => {
    picker.onDidAccept(() => resolve(picker.selectedItems[0]?.id))
    picker.onDidHide(() => resolve(undefined))
  })
  picker.dispose()
  if (id === undefined) return
  const folder = qwen.roots.folder
  const target = folder ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Global
  await vscode.workspace.getConfiguration('qwen', folder ?? null).update('model', id, target)
}

export async function trustEndpoint(qwen: Qwen): Promise<void> {
  const endpoint = qwen.status?.baseUrl
  if (endpoint === undefined) {
    void vscode.window.showInformationMessage(t('There is no endpoint to trust.'))
    return
  }
  const [once, always] = [t('Until the Server Ends'), t('Always for This Root')]
  const detail = (qwen.status?.problems ?? []).map((problem) => problem.message).join('\n')
  const chosen = await vscode.window.showWarningMessage(t('Send your key to {0}?', endpoint), { modal: true, detail }, once, always)
  if (chosen !== undefined) await qwen.auth({ action: 'trust', endpoint, remember: chosen === always })
}
