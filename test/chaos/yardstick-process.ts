import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

/**
 * Always the same piece of work, at a leisurely pace: what the processor needs for it says how fast the machine is at the time.
 * Each line on stdin has one line as its answer, with how many pieces were done so far.
 */
const PACE_MS = 50;
/** Until everything is compiled as well as it ever will be. */
const WARM_UP = 2_000;
const ROWS = Array.from({ length: 60 }, (_, nth) => ({
  id: `row-${nth}`,
  at: 1_700_000_000_000 + nth,
  status: nth % 3 === 0 ? 'pending' : 'completed',
  values: [nth / 7, nth / 11, nth / 13],
}));

let pieces = 0;

/** Text, objects and a digest, as the service makes them. */
function work(): void {
  let text = JSON.stringify(ROWS);
  for (let turn = 0; turn < 4; turn += 1) {
    const rows = JSON.parse(text) as typeof ROWS;
    const byId = new Map(rows.map((row) => [row.id, row]));
    text = JSON.stringify([...byId.values()]);
    createHash('sha256').update(text).digest('hex');
  }
  pieces += 1;
}

for (let turn = 0; turn < WARM_UP; turn += 1) work();
setInterval(work, PACE_MS);
process.stdout.write(`done ${pieces}\n`);
for await (const _ of createInterface({ input: process.stdin })) process.stdout.write(`done ${pieces}\n`);
process.exit(0);
