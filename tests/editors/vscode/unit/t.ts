/** `vscode.l10n.t` without a translation. */
import type { Translate } from '../../../../editors/vscode/src/text'

export const t: Translate = (message, ...values) => message.replace(/\{(\d+)\}/g, (_, at: string) => String(values[Number(at)]))
