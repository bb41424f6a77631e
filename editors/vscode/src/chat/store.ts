/** Keeps values in one file that only the user may read. VS Code's own memory in a browser is lost on a quick reload. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Store } from './history'

export class FileStore implements Store {
  private readonly values: Map<string, unknown>
  private writing: Promise<void> = Promise.resolve()

  constructor(private readonly path: string) {
    this.values = read(path)
  }

  get<T>(key: string): T | undefined {
    return this.values.get(key) as T | undefined
  }

  /** One write after the other; each is whole or not there at all. */
  update(key: string, value: unknown): Promise<void> {
    this.values.set(key, value)
    const write = async () => {
      const part = `${this.path}.${process.pid}.part`
      await writeFile(part, JSON.stringify(Object.fromEntries(this.values)), { mode: 0o600 })
      await rename(part, this.path)
    }
    this.writing = this.writing.then(write, write)
    return this.writing
  }
}

function read(path: string): Map<string, unknown> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    chmodSync(path, 0o600)
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  } catch {
    // Not there yet, or not readable any more: the history begins anew.
    return new Map()
  }
}
