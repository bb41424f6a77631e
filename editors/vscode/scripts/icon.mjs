// Draws images/icon.png (256×256): a ring with a cursor as its tail, on a dark ground. Run after a change of the design.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crc32, deflateSync } from 'node:zlib'

const SIZE = 256
const FINE = 4 // samples a pixel and axis: smooth edges

const mix = (a, b, share) => a.map((value, at) => value + (b[at] - value) * share)
const ground = (x, y) => mix([38, 24, 84], [86, 52, 196], (x + y) / (2 * SIZE))
const stroke = (x, y) => mix([196, 181, 253], [255, 255, 255], (x + (SIZE - y)) / (2 * SIZE))

/** The distance to a segment. */
function toSegment(x, y, [x1, y1, x2, y2]) {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const share = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)))
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy)
}

/** RGBA at a point. */
function colour(x, y) {
  const [cx, cy] = [Math.abs(x - SIZE / 2), Math.abs(y - SIZE / 2)]
  const corner = 56
  const inner = SIZE / 2 - corner
  const outside = Math.hypot(Math.max(cx - inner, 0), Math.max(cy - inner, 0)) > corner
  if (outside) return [0, 0, 0, 0]
  const ring = Math.abs(Math.hypot(x - 122, y - 118) - 62) < 13
  const tail = toSegment(x, y, [150, 146, 196, 192]) < 13
  const prompt = toSegment(x, y, [104, 98, 126, 118]) < 8 || toSegment(x, y, [126, 118, 104, 138]) < 8
  return [...(ring || tail || prompt ? stroke(x, y) : ground(x, y)), 255]
}

const rows = []
for (let y = 0; y < SIZE; y += 1) {
  const row = [0] // no filter
  for (let x = 0; x < SIZE; x += 1) {
    const sum = [0, 0, 0, 0]
    for (let at = 0; at < FINE * FINE; at += 1) {
      const [r, g, b, a] = colour(x + ((at % FINE) + 0.5) / FINE, y + (Math.floor(at / FINE) + 0.5) / FINE)
      sum[0] += r * a
      sum[1] += g * a
      sum[2] += b * a
      sum[3] += a
    }
    row.push(...[0, 1, 2].map((at) => (sum[3] === 0 ? 0 : Math.round(sum[at] / sum[3]))), Math.round(sum[3] / (FINE * FINE)))
  }
  rows.push(Buffer.from(row))
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

const head = Buffer.alloc(13)
head.writeUInt32BE(SIZE, 0)
head.writeUInt32BE(SIZE, 4)
head.set([8, 6, 0, 0, 0], 8)
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })), chunk('IEND', Buffer.alloc(0))])
writeFileSync(fileURLToPath(new URL('../images/icon.png', import.meta.url)), png)
