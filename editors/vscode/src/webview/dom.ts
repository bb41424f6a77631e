/** Elements from data. Text is always text. */

type Child = Node | string | undefined

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

export function button(title: string, attributes: Record<string, string | undefined>, click: () => void): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, title)
  element.addEventListener('click', click)
  return element
}

/** A line drawing of 16 by 16; its button carries the name. */
export function icon(path: string): SVGSVGElement {
  const namespace = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(namespace, 'svg')
  const line = document.createElementNS(namespace, 'path')
  for (const [name, value] of Object.entries({ viewBox: '0 0 16 16', width: '16', height: '16', 'aria-hidden': 'true' })) svg.setAttribute(name, value)
  for (const [name, value] of Object.entries({ d: path, fill: 'none', stroke: 'currentColor', 'stroke-linecap': 'round' })) line.setAttribute(name, value)
  svg.append(line)
  return svg
}

/** Replaces the options only when they differ: a list that is open stays open. */
export function fillSelect(select: HTMLSelectElement, options: { value: string; text: string }[], chosen: string): void {
  const before = [...select.options].map(({ value, text }) => ({ value, text }))
  if (JSON.stringify(before) !== JSON.stringify(options)) {
    select.replaceChildren(...options.map(({ value, text }) => h('option', { value }, text)))
  }
  select.value = chosen
}

export function fill(template: string, ...values: string[]): string {
  return template.replace(/\{(\d)\}/g, (_, at: string) => values[Number(at)] ?? '')
}
