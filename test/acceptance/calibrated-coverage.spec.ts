import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATABASE_KINDS } from '../harness/databases.js';
import { noiseFile, withNarrow } from '../integration/outcomes/narrow-predictor.js';
import { BENCH_START, DAY_MS, OutcomesBench } from '../integration/outcomes/outcomes-bench.js';

const MODEL = 'narrow_noise_predictor';
const SYMBOLS = ['ONE', 'TWO'] as const;
const HORIZONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const ISSUES = 150;
const OUTCOMES = SYMBOLS.length * HORIZONS.length * ISSUES;
/** Bars before the first forecast. */
const KNOWN = 30;
const ISSUE_DAYS = HORIZONS.length;
const RESOLVE_SECONDS = 60;
/** Day of the first forecast and the first outcome. */
const TODAY = Math.floor(BENCH_START / DAY_MS) * DAY_MS;

interface Coverage {
  readonly level: number;
  readonly share: number | null;
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}
interface Scorecard {
  readonly coverage: readonly Coverage[];
  readonly calibrated_coverage: readonly Coverage[];
}

describe.each(DATABASE_KINDS)('a provider whose spreads are 0.7 σ, over 3,000 outcomes [%s]', (kind) => {
  let folder: string;
  let bench: OutcomesBench;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coverage-'));
    const first = new Date(TODAY - KNOWN * DAY_MS);
    for (const [at, symbol] of SYMBOLS.entries()) {
      const { text } = noiseFile(first, KNOWN + ISSUES * ISSUE_DAYS + 1, 20_210_601 + at);
      await writeFile(join(folder, `${symbol}.csv`), text);
    }
    bench = await OutcomesBench.open(
      kind,
      {
        data_files: Object.fromEntries(SYMBOLS.map((symbol) => [symbol, join(folder, `${symbol}.csv`)])),
        outcome_seconds: RESOLVE_SECONDS,
        outcome_recheck_days: 0,
      },
      withNarrow,
    );
  });
  afterAll(async () => {
    await bench.close();
    await rm(folder, { recursive: true });
  });

  const issue = async (symbol: string): Promise<void> => {
    const { status, body } = await bench.app.request('POST', '/api/v1/predictions', {
      apiKey: bench.client.apiKey ?? '',
      headers: { Prefer: 'wait=10' },
      body: { symbol, interval: '1d', predictor_plugin: MODEL, horizons: HORIZONS, calibrate: true },
    });
    expect([status, body.status]).toEqual([201, 'completed']);
  };
  /** Of outcomes in the order of their bars: each day has one of each symbol. @param first counts from 1 */
  const scorecard = async (first: number, last: number): Promise<Scorecard> => {
    const day = (outcome: number): string =>
      new Date(TODAY + Math.floor((outcome - 1) / SYMBOLS.length) * DAY_MS).toISOString();
    const days = `start_date=${day(first)}&end_date=${day(last)}`;
    const answer = await bench.app.get(`/api/v1/models/${MODEL}/scorecard?${days}`, bench.client);
    expect(answer.status).toBe(200);
    return answer.body as Scorecard;
  };
  const at90 = (coverage: readonly Coverage[]): Coverage => {
    const found = coverage.find(({ level }) => level === 0.9);
    if (found === undefined) throw new Error('90 % is among the levels');
    return found;
  };

  it('cover 0.75 ± 0.03 at 90 %, and calibrated 0.88 to 0.92 from the 1,001st on', async () => {
    for (let issued = 0; issued < ISSUES; issued += 1) {
      await Promise.all(SYMBOLS.map(issue));
      bench.clock.jump(ISSUE_DAYS * DAY_MS - RESOLVE_SECONDS * 1_000);
      await bench.pass(RESOLVE_SECONDS);
    }
    const all = await scorecard(1, OUTCOMES);
    expect(at90(all.coverage).count).toBe(OUTCOMES);
    const raw = at90((await scorecard(1, 2_000)).coverage);
    expect(raw.count).toBe(2_000);
    expect(Math.abs((raw.share ?? NaN) - 0.75)).toBeLessThanOrEqual(0.03);
    expect(raw.upper).toBeLessThan(0.8);
    // the same values, as the model made them and as they were issued
    const late = await scorecard(1_001, OUTCOMES);
    const calibrated = at90(late.calibrated_coverage);
    expect(calibrated.count).toBe(2_000);
    expect(calibrated.share).toBeGreaterThanOrEqual(0.88);
    expect(calibrated.share).toBeLessThanOrEqual(0.92);
    expect(at90(late.coverage)).toMatchObject({ count: 2_000 });
    expect(at90(late.coverage).share).toBeLessThan(0.78);
    // a Wilson interval holds its share, and of 2,000 is ± 1.3 %
    expect(calibrated.lower).toBeLessThan(calibrated.share ?? NaN);
    expect(calibrated.upper - calibrated.lower).toBeCloseTo(2 * 0.013, 2);
    const none = await bench.app.get(`/api/v1/models/random_walk_predictor/scorecard`, bench.client);
    expect(at90(none.body.calibrated_coverage)).toMatchObject({ share: null, count: 0 });
  }, 600_000);
});
