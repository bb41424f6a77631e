// What a person does at Neovim's screen.
export const versions = (process.env.NVIM_VERSIONS ?? 'nvim-sid nvim-trixie').split(' ')

/** Types a command and runs it. */
export async function command(screen, text) {
  screen.type(`:${text}`)
  await screen.shows(`:${text}`)
  screen.keys('Enter')
}

/** Types into the prompt of a chat, and stays in insert mode. */
export async function write(screen, words) {
  screen.keys('i')
  await screen.shows('-- INSERT --')
  screen.type(words)
  await screen.shows(words)
}

/** Back to normal mode, once Neovim has got there. */
export async function normal(screen) {
  screen.keys('Escape')
  await screen.hides('-- INSERT --')
}
