// One line a test, the reason below a failed one, and a closing count.
export default async function* report(events) {
  let passed = 0
  let failed = 0
  let skipped = 0
  for await (const { type, data } of events) {
    if (data?.details?.type === 'suite') continue
    if (type === 'test:pass' && data.skip === undefined) {
      passed += 1
      yield `  ok      ${data.name} (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`
    } else if (type === 'test:pass' && !String(data.skip).includes('does not match')) {
      skipped += 1
      yield `  skipped ${data.name}: ${data.skip}\n`
    } else if (type === 'test:fail') {
      failed += 1
      const error = data.details.error
      yield `  FAILED  ${data.name}\n${String(error?.cause?.stack ?? error).replace(/^/gm, '            ')}\n`
    }
  }
  yield `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`
}
