// Measures the sample forecaster on the days that it never saw, and writes what came out.
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { HORIZONS, RETURNS } from './sample-model-file.mjs';

const SAMPLES = 500;
const LEVELS = [0.5, 0.8, 0.95];
const SHOWN = [1, 5, 10];
const day = (time) => new Date(time).toISOString().slice(0, 10);

/**
 * For each horizon over all held-out days: mean absolute error and coverage in log returns, beside a random walk whose
 * spread is the window's volatility times the square root of the horizon.
 */
export async function measure(model, bars, held) {
  const answers = [];
  for (const { row } of held) {
    const data = Array.from({ length: RETURNS + 1 }, (_, i) => bars[row - RETURNS + i].close);
    const input = [{ shape: [1, RETURNS + 1, 1], data }];
    const [point] = await model.run(input);
    const [spread] = await model.sample(input, {
      samples: SAMPLES,
      seed: row,
      quantiles: LEVELS.flatMap((level) => [(1 - level) / 2, (1 + level) / 2]),
    });
    answers.push({ row, point: point.data, quantiles: spread.quantiles });
  }
  return SHOWN.map((horizon) => figuresOf(horizon, answers, held, bars));
}

function figuresOf(horizon, answers, held, bars) {
  const at = horizon - 1;
  const truth = answers.map(({ row }) => Math.log(bars[row + horizon].close / bars[row].close));
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const inside = (low, high) => mean(truth.map((value, i) => Number(value >= low(i) && value <= high(i))));
  const widthOf = (i) => held[i].volatility * Math.sqrt(horizon);
  const bounds = LEVELS.map((level, k) => {
    const z = [0.6744897502, 1.2815515655, 1.9599639845][k];
    const [lower, upper] = [2 * k, 2 * k + 1].map((place) => (i) => answers[i].quantiles[place][at]);
    return {
      level,
      model: { covered: inside(lower, upper), score: score(truth, level, lower, upper) },
      walk: {
        covered: inside(
          (i) => -z * widthOf(i),
          (i) => z * widthOf(i),
        ),
        score: score(
          truth,
          level,
          (i) => -z * widthOf(i),
          (i) => z * widthOf(i),
        ),
      },
    };
  });
  return {
    horizon,
    modelError: mean(truth.map((value, i) => Math.abs(value - answers[i].point[at]))),
    walkError: mean(truth.map(Math.abs)),
    bounds,
  };
}

/** Mean interval score (Gneiting & Raftery 2007): the width, and 2 / (1 − level) times what lies outside. Less is better. */
function score(truth, level, lower, upper) {
  const total = truth.reduce((sum, value, i) => {
    const outside = Math.max(lower(i) - value, 0, value - upper(i));
    return sum + upper(i) - lower(i) + (2 / (1 - level)) * outside;
  }, 0);
  return total / truth.length;
}

export async function writeCard(path, { figures, model, learned, held, bars }) {
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const rows = figures.map(
    ({ horizon, modelError, walkError }) =>
      `| ${horizon} | ${percent(modelError)} | ${percent(walkError)} | ${(modelError / walkError).toFixed(3)} |`,
  );
  const coverage = figures.flatMap(({ horizon, bounds }) =>
    bounds.map(
      ({ level, model: own, walk }) =>
        `| ${horizon} | ${percent(level)} | ${percent(own.covered)} | ${percent(walk.covered)} | ${percent(own.score)} | ${percent(walk.score)} |`,
    ),
  );
  const span = (list) => `${day(bars[list[0].row].time)} to ${day(bars[list.at(-1).row].time)}`;
  const text = `# Sample model

\`sp500_daily.keras\` forecasts the S&P 500 for 1 to ${HORIZONS} trading days from its last ${RETURNS + 1} closes. It is here to show what an
uncertain forecast looks like, not to trade on. \`node scripts/train-sample-model.mjs\` trains it with a fixed seed and writes all files of this folder.

|  |  |
|---|---|
| Data | \`../data/sp500_daily_2000-2020.csv\` and nothing else |
| Learned from | ${learned.length} windows that end on ${span(learned)}; their targets end before 2017 |
| Held out | ${held.length} windows that end on ${span(held)}; never used for a choice |
| Takes | ${RETURNS + 1} closes, raw: logs, differences and the window's volatility are computed inside |
| Answers | log return since the last close for each of ${HORIZONS} days |
| Network | ${2 * RETURNS} scaled returns and their sizes → 24 units with 20 % dropout → mean and spread of each day; ${model.parameters.total} parameters |
| Uncertainty | dropout stays active while sampling, and each pass draws one outcome: mean + spread · N(0, 1) |
| Trained by | maximum likelihood of that normal distribution (Nix & Weigend 1994), Adam, 60 epochs |

## Error of the mean on the held-out days

Mean absolute error of the log return, compared with a random walk that forecasts today's price.

| Days ahead | Model | Random walk | Ratio |
|---|---|---|---|
${rows.join('\n')}

A ratio around 1 is to be expected: the direction of an index is close to unpredictable from its past closes. **Its mean is
not better than today's price in any way that pays.** The value of the model is in the width of its intervals.

## Intervals on the held-out days

How often the actual value lay inside, and the mean interval score (width plus penalty, less is better; Gneiting & Raftery 2007), beside a
normal random walk with the volatility of the same ${RETURNS} days. ${SAMPLES} samples a day.

| Days ahead | Level | Inside: model | Inside: random walk | Score: model | Score: random walk |
|---|---|---|---|---|---|
${coverage.join('\n')}

## Limits

- One index, one period with two crises. Not tested on other markets; the inputs are scale-free, so it will answer for any price.
- The normal distribution has thin tails: days like March 2020 lie outside more often than the level says.
- The days of one path are drawn independently of each other: intervals hold for each day by itself, not for the whole path.
- Windows overlap, so ${held.length} held-out days are far fewer independent ones for 10 days ahead.
`;
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
