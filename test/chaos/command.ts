import { parseArgs } from 'node:util';
import { randomSource, Skipped } from './journal.js';
import { type Circumstances, type Extent, type Played, type Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios.js';

const USAGE = 'npm run chaos -- [--scenario 1,5] [--seed 1] [--rounds N] [--quick | --nightly] [--list]';

/** `npm run chaos`: plays scenarios one after another and tells what was measured. Returns the exit code. */
export async function runChaosCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: SCENARIOS.map(({ number }) => number).join(',') },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      nightly: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const numbers = values.scenario.split(',').map(Number);
  const chosen = SCENARIOS.filter(({ number }) => numbers.includes(number));
  const [seed, rounds] = [
    Number(values.seed),
    values.rounds === undefined ? undefined : Number(values.rounds),
  ];
  const isRight = chosen.length === numbers.length && Number.isSafeInteger(seed) && (rounds ?? 1) >= 1;
  if (values.list || !isRight) {
    console.log(USAGE);
    for (const one of SCENARIOS) console.log(`${String(one.number).padStart(2)} ${one.name}: ${one.promise}`);
    return values.list ? 0 : 2;
  }
  const extent: Extent = values.nightly ? 'nightly' : values.quick ? 'quick' : 'full';
  let failures = 0;
  for (const scenario of chosen) {
    const say = (what: string): void => console.log(`   ${what}`);
    const circumstances = {
      seed,
      extent,
      random: randomSource(seed),
      say,
      ...(rounds !== undefined && { rounds }),
    };
    failures += (await playAndTell(scenario, circumstances)) ? 0 : 1;
  }
  console.log(
    `${chosen.length} scenarios with seed ${seed}: ${failures === 0 ? 'all held' : `${failures} failed`}`,
  );
  return failures === 0 ? 0 : 1;
}

async function playAndTell(scenario: Scenario, circumstances: Circumstances): Promise<boolean> {
  const { number, name } = scenario;
  console.log(
    `\n${number} ${name} (--scenario ${number} --seed ${circumstances.seed})\n   passes when: ${scenario.promise}`,
  );
  const started = performance.now();
  try {
    const { measured, complaints } = await scenario.play(circumstances);
    tell(measured);
    for (const complaint of complaints) console.log(` ! ${complaint}`);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`   ${complaints.length === 0 ? 'held' : 'FAILED'} after ${seconds} s`);
    return complaints.length === 0;
  } catch (error) {
    if (error instanceof Skipped) {
      console.log(`   skipped: ${error.message}`);
      return true;
    }
    console.log(` ! ${error instanceof Error ? error.stack : String(error)}`);
    return false;
  }
}

function tell(measured: Played['measured']): void {
  console.log(
    `   ${Object.entries(measured)
      .map(([what, figure]) => `${what}: ${figure}`)
      .join('; ')}`,
  );
}
