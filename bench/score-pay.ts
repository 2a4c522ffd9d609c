/**
 * `npm run simulate:scoring [-- --outcomes N] [--write]`: what providers earn by the payment rule as shipped when they state what they
 * believe, and when they move or stretch it; `--write` puts the table into docs/scoring.md. The same numbers with every run.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { normalQuantile, type PaidForecast, scorePay } from '#libs/scoring';
import { NumpyGenerator } from '#libs/numpy-random';

const SEED = 66;
const SAMPLES = 20;
const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95];
/** In the provider's own standard deviations, and factors of it. */
const SHIFTS = [-1, -0.25, 0, 0.25, 1];
const STRETCHES = [0.5, 0.8, 1, 1.25, 2];

/** Standard quantile functions of what happens. */
const TRUTHS: Readonly<Record<string, (probability: number) => number>> = {
  normal: normalQuantile,
  'Student t, 4 degrees': studentQuantile,
};

/** Student's distribution with 4 degrees of freedom. Shaw (2006), J. Comput. Finance 9, 37–73, equation 37. */
function studentQuantile(probability: number): number {
  const alpha = 4 * probability * (1 - probability);
  const size = 2 * Math.sqrt(Math.cos(Math.acos(Math.sqrt(alpha)) / 3) / Math.sqrt(alpha) - 1);
  return probability < 0.5 ? -size : size;
}

/** What a provider knows of one outcome: it is better than the random walk, and not equally sure every time. */
interface Belief {
  readonly mean: number;
  readonly sd: number;
}

type Stated = (belief: Belief, draws: readonly number[], shift: number, stretch: number) => PaidForecast;

const stated = ({ mean, sd }: Belief, shift: number, stretch: number) => ({
  mean: mean + shift * sd,
  sd: sd * stretch,
});

/** How it is stated; `draws` are standard draws of the truth. */
const formsOf = (quantile: (probability: number) => number): Readonly<Record<string, Stated>> => {
  const standard = LEVELS.map(quantile);
  return {
    [`${SAMPLES} samples`]: (belief, draws, shift, stretch) => {
      const { mean, sd } = stated(belief, shift, stretch);
      return { kind: 'samples', samples: draws.map((draw) => mean + sd * draw) };
    },
    [`${LEVELS.length} quantiles`]: (belief, _draws, shift, stretch) => {
      const { mean, sd } = stated(belief, shift, stretch);
      return { kind: 'quantiles', levels: LEVELS, values: standard.map((one) => mean + sd * one) };
    },
    ...(quantile === normalQuantile && {
      'mean and deviation': (belief: Belief, _draws: readonly number[], shift: number, stretch: number) => ({
        kind: 'normal' as const,
        ...stated(belief, shift, stretch),
      }),
    }),
  };
};

/** Mean pay of one way to state a belief, and how much less it is than that of the honest one. */
interface Misreport {
  readonly shift: number;
  readonly stretch: number;
  /** Mean of honest − this, and the standard error of that mean. */
  readonly lost: number;
  readonly error: number;
}

export interface SimulatedPay {
  readonly truth: string;
  readonly form: string;
  /** Mean part of the held amount that honest providers earn. */
  readonly honest: number;
  readonly misreports: readonly Misreport[];
}

const WALK = { baselineValue: 100, volatility: 1.5 };
const HORIZON = 4;

/** The mean pay of honest and other forecasts, for each truth and form. */
export function simulatePay(outcomes: number): SimulatedPay[] {
  return Object.entries(TRUTHS).flatMap(([truth, quantile]) =>
    Object.entries(formsOf(quantile)).map(([form, state]) => ({
      truth,
      form,
      ...simulateOne(outcomes, quantile, state),
    })),
  );
}

function simulateOne(outcomes: number, quantile: (probability: number) => number, state: Stated) {
  const generator = NumpyGenerator.fromSeed(SEED);
  const unit = WALK.volatility * Math.sqrt(HORIZON);
  const cells = SHIFTS.flatMap((shift) =>
    STRETCHES.map((stretch) => ({ shift, stretch, sum: 0, squares: 0 })),
  );
  let honest = 0;
  const draw = (): number => quantile(Math.min(1 - 1e-12, Math.max(1e-12, generator.random())));
  for (let at = 0; at < outcomes; at += 1) {
    const belief = {
      mean: WALK.baselineValue + 0.5 * unit * generator.standardNormal(),
      sd: unit * (0.5 + generator.random()),
    };
    const value = belief.mean + belief.sd * draw();
    const draws = Array.from({ length: SAMPLES }, draw);
    const payOf = (shift: number, stretch: number): number =>
      scorePay(value, state(belief, draws, shift, stretch), WALK, HORIZON).fraction;
    const own = payOf(0, 1);
    honest += own;
    for (const cell of cells) {
      const lost = own - payOf(cell.shift, cell.stretch);
      cell.sum += lost;
      cell.squares += lost ** 2;
    }
  }
  const misreports = cells
    .filter(({ shift, stretch }) => shift !== 0 || stretch !== 1)
    .map(({ shift, stretch, sum, squares }) => {
      const lost = sum / outcomes;
      return { shift, stretch, lost, error: Math.sqrt((squares / outcomes - lost ** 2) / outcomes) };
    });
  return { honest: honest / outcomes, misreports };
}

/** The best of what is not honest. */
export const nearestOf = ({ misreports }: SimulatedPay): Misreport =>
  misreports.reduce((best, one) => (one.lost < best.lost ? one : best));

/** The table of docs/scoring.md. */
export function payTable(pays: readonly SimulatedPay[]): string {
  const percent = (part: number, digits = 2): string => (100 * part).toFixed(digits);
  const rows = pays.map((pay) => {
    const best = nearestOf(pay);
    const [half, wide, aside] = [
      [0, 0.5],
      [0, 2],
      [1, 1],
    ].map(([shift, stretch]) => pay.misreports.find((one) => one.shift === shift && one.stretch === stretch));
    return [
      pay.truth,
      pay.form,
      `${percent(pay.honest)} %`,
      `${percent(pay.honest - best.lost)} % (shift ${best.shift}, stretch ${best.stretch})`,
      (best.lost / best.error).toFixed(0),
      ...[half, wide, aside].map((one) => `−${percent(one?.lost ?? NaN)}`),
    ];
  });
  const head = [
    'Truth',
    'Form',
    'Honest',
    'Best other',
    'σ between',
    'half spread',
    'double spread',
    'shift 1',
  ];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const PAGE = new URL('../docs/scoring.md', import.meta.url);
export const TABLE = /(?<=<!-- simulated -->\n\n)[^]*?(?=\n\n<!-- \/simulated -->)/;

function main(): void {
  const { values } = parseArgs({
    options: { outcomes: { type: 'string', default: '100000' }, write: { type: 'boolean' } },
  });
  const table = payTable(simulatePay(Number(values.outcomes)));
  console.log(table);
  if (values.write === true) {
    const page = readFileSync(PAGE, 'utf8');
    writeFileSync(
      PAGE,
      page.replace(TABLE, () => table),
    );
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) main();
