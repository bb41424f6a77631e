/** Markdown of an answer as HTML. Nothing that the model wrote becomes markup of its own, an image, or a script. */
import hljs from 'highlight.js/lib/common'
import MarkdownIt from 'markdown-it'
import type { Words } from '../chat/words'

export function renderer(words: Pick<Words, 'copy' | 'copyHow' | 'insert' | 'insertHow' | 'apply' | 'applyHow' | 'code'>): (text: string) => string {
  const markdown = new MarkdownIt({ html: false, linkify: false })
  // A picture's address would tell its server who reads this; the policy of the page blocks it anyway.
  markdown.disable('image')
  const { escapeHtml } = markdown.utils

  const block = (code: string, language: string): string => {
    const known = language !== '' && hljs.getLanguage(language) !== undefined
    const html = known ? hljs.highlight(code, { language, ignoreIllegals: true }).value : escapeHtml(code)
    const button = (act: 'copy' | 'insert' | 'apply') =>
      `<button type="button" data-act="${act}" title="${escapeHtml(words[`${act}How`])}">${escapeHtml(words[act])}</button>`
    return `<figure class="code"><figcaption><span>${escapeHtml(language || words.code)}</span>`
      + `${button('copy')}${button('insert')}${button('apply')}</figcaption>`
      + `<pre tabindex="0"><code>${html}</code></pre></figure>\n`
  }
  markdown.renderer.rules['fence'] = (tokens, at) => {
    const token = tokens[at]
    return token ? block(token.content, token.info.trim().split(/\s+/, 1)[0] ?? '') : ''
  }
  markdown.renderer.rules['code_block'] = (tokens, at) => block(tokens[at]?.content ?? '', '')
  return (text) => markdown.render(text)
}
