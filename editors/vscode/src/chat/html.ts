/** The page of the chat view: no script, style or connection but the extension's own. */

export interface Page {
  /** `webview.cspSource`. */
  source: string
  nonce: string
  script: string
  style: string
  language: string
  title: string
  /** Given to the script as data, never as code. */
  words: object
}

export function pageOf({ source, nonce, script, style, language, title, words }: Page): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${source}; font-src ${source}`
  return `<!DOCTYPE html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeHtml(style)}">
<title>${escapeHtml(title)}</title>
</head>
<body data-words="${escapeHtml(JSON.stringify(words))}">
<script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
