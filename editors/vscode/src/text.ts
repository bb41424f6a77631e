/** The shape of `vscode.l10n.t`, so that what decides on words needs no editor to be tested. */
export type Translate = (message: string, ...values: (string | number)[]) => string
