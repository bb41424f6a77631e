// Which processes carry a mark in their environment: what a test started and did not stop.
import { readdirSync, readFileSync } from 'node:fs'

/** The command lines of the running processes whose WORLD is this folder. */
export function survivors(world) {
  const found = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`WORLD=${world.dir}`)) {
        found.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim())
      }
    } catch {
      // It ended while it was looked at.
    }
  }
  return found.filter(Boolean)
}
