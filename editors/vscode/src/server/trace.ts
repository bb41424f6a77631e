/** What of a trace may be logged: which message passed, never what was in it, since one of them carries a key. */

/** The first line of a trace in text form; nothing of one in JSON form, which is one object with the params inside. */
export function withoutParams(trace: string): string {
  return trace.startsWith('{') ? '' : (trace.split('\n', 1)[0] ?? '')
}
