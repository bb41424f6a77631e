/** Where a block of code from an answer goes in a file. Pure: offsets in, text out. */

export interface Target {
  text: string
  /** Offsets of what is replaced; equal ones insert. */
  start: number
  end: number
}

/** The file with the block in it. */
export function propose(target: Target, code: string): string {
  const ending = target.text.includes('\r\n') ? '\r\n' : '\n'
  let block = code.replace(/\r?\n/g, ending)
  const replaced = target.text.slice(target.start, target.end)
  const whole = target.start === 0 && target.end === target.text.length
  if (replaced.includes('\n') || whole || replaced === '') block = indented(block, indentOf(replaced), ending)
  // The block of an answer ends without or with a line break by chance; the file's own way is kept.
  const endsWithBreak = replaced.endsWith('\n')
  if (endsWithBreak && !block.endsWith(ending)) block += ending
  if (!endsWithBreak && replaced !== '' && block.endsWith(ending)) block = block.slice(0, -ending.length)
  return target.text.slice(0, target.start) + block + target.text.slice(target.end)
}

/** The indentation of the first line that has text. */
function indentOf(text: string): string {
  return /^([ \t]*)\S/m.exec(text)?.[1] ?? ''
}

/** Models give a nested function back from column zero: it is moved to where it was. */
function indented(block: string, indent: string, ending: string): string {
  if (indent === '' || indentOf(block) !== '') return block
  return block.split(ending).map((line) => (line === '' ? line : indent + line)).join(ending)
}
