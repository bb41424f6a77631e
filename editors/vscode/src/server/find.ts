/** Where the server's program is: the user's setting, the one in this extension, then `PATH`. */
import * as path from 'node:path'

export interface Surroundings {
  /** `qwen.server.path`. */
  setting: string
  extensionPath: string
  platform: NodeJS.Platform
  /** `PATH` (Windows: also `PATHEXT`). */
  environment: Record<string, string | undefined>
  homedir: string
  /** Whether a file is there and may be run. */
  runs(file: string): boolean
}

export type Found =
  | { kind: 'found'; path: string; from: 'setting' | 'extension' | 'path' }
  /** The setting names no program: nothing else is tried, since the user meant that one. */
  | { kind: 'wrongSetting'; path: string }
  | { kind: 'missing' }

export function findServer(around: Surroundings): Found {
  const setting = around.setting.trim()
  if (setting !== '') {
    const named = setting.startsWith('~/') ? path.join(around.homedir, setting.slice(2)) : setting
    if (!path.isAbsolute(named) && !named.includes('/') && !named.includes('\\')) {
      const onPath = lookUp(named, around)
      return onPath ? { kind: 'found', path: onPath, from: 'setting' } : { kind: 'wrongSetting', path: named }
    }
    // A relative path would mean another program in each workspace.
    const usable = path.isAbsolute(named) && around.runs(named)
    return usable ? { kind: 'found', path: named, from: 'setting' } : { kind: 'wrongSetting', path: named }
  }
  const name = around.platform === 'win32' ? 'qwen-language-server.exe' : 'qwen-language-server'
  const bundled = path.join(around.extensionPath, 'bin', name)
  if (around.runs(bundled)) return { kind: 'found', path: bundled, from: 'extension' }
  const onPath = lookUp('qwen-language-server', around)
  return onPath ? { kind: 'found', path: onPath, from: 'path' } : { kind: 'missing' }
}

function lookUp(name: string, around: Surroundings): string | undefined {
  const windows = around.platform === 'win32'
  const endings = windows ? ['', ...(around.environment['PATHEXT'] ?? '.EXE').split(';')] : ['']
  const folders = (around.environment['PATH'] ?? '').split(windows ? ';' : ':')
  return folders
    // An empty or relative entry means the current folder, which a project could fill.
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => endings.map((ending) => path.join(folder, name + ending)))
    .find((file) => around.runs(file))
}
