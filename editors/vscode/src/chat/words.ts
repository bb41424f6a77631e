/** The words of the chat view, translated by the extension: a webview has no `l10n` of its own. */
import type { Translate } from '../text'

export function viewWords(t: Translate) {
  return {
    placeholder: t('Ask Qwen. Enter sends, Shift+Enter begins a new line.'),
    message: t('Message to Qwen'),
    conversation: t('Conversation'),
    send: t('Send'),
    stop: t('Stop'),
    retry: t('Ask Again'),
    you: t('You'),
    copy: t('Copy'),
    copyHow: t('Copy the Code'),
    copied: t('Copied'),
    copyAnswer: t('Copy Answer'),
    insert: t('Insert'),
    insertHow: t('Insert at the Cursor'),
    apply: t('Apply'),
    applyHow: t('Show as a Change to the File'),
    attachFile: t('Attach a File'),
    attachEditor: t('Attach the Editor or Its Selection'),
    attachments: t('Attachments'),
    remove: t('Remove {0}'),
    open: t('Open {0}'),
    model: t('Model'),
    root: t('Folder'),
    account: t('Account'),
    thinking: t('Thinking…'),
    reasoning: t('Reasoning'),
    answering: t('Qwen is answering'),
    answered: t('Qwen has answered'),
    stopped: t('Stopped.'),
    cutShort: t('The answer was cut off at the length limit.'),
    filtered: t('The service withheld a part of the answer.'),
    fellBack: t('{0} answered in place of {1}.'),
    code: t('Code'),
    copyCode: t('Copy Code'),
    openPage: t('Open Page'),
    cancel: t('Cancel'),
    enterCode: t('Enter this code on the sign-in page:'),
    welcome: t('What would you like to know about this project?'),
    hint: t('Attach files or a selection; the answer can be inserted or applied as a change.'),
  }
}

export type Words = ReturnType<typeof viewWords>
