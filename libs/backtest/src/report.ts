import { type ForecastChart, renderPicture, type ScoreChart } from '#libs/forecast-chart';
import { formatIso, parseTimestamp } from '#libs/timeseries';
import type { ScoreRow } from './horizon-scores.js';
import { leakSentence, scoreTable } from './score-table.js';
import type { BacktestQuestion } from './question.js';
import type { Backtest } from './walk-forward.js';

/** Forecasts at the end of a walk that a report shows the values of. */
export const REPORTED_FORECASTS = 120;
/** Forecasts whose baselines are drawn before the last one. */
const SHOWN_BEFORE = 48;

/** What a report reads of a line of NDJSON. */
interface Line {
  readonly baseline: string;
  readonly baseline_value: number;
  readonly horizons: readonly number[];
  readonly predictions: readonly (number | null)[];
  readonly intervals: readonly {
    readonly level: number;
    readonly lower: readonly (number | null)[];
    readonly upper: readonly (number | null)[];
  }[];
  readonly targets: readonly (string | null)[];
  readonly values: readonly (number | null)[];
}

/**
 * A page with scores and pictures that loads nothing: no script, no font, no picture from elsewhere.
 * @param lines the last forecasts, {@link REPORTED_FORECASTS} of them or fewer, as `forecastLine` wrote them
 */
export async function backtestReport(
  result: Backtest,
  question: Pick<BacktestQuestion, 'symbol' | 'stride' | 'seed' | 'samples'>,
  lines: readonly string[],
): Promise<string> {
  const last = lines.slice(-REPORTED_FORECASTS).map((line) => JSON.parse(line) as Line);
  const charts = [...fanOf(last, question.symbol), ...scoreCharts(result)];
  const pictures: string[] = [];
  for (const chart of charts) {
    const svg = Buffer.from(await renderPicture(chart, 'svg')).toString('utf8');
    pictures.push(`<figure>${svg}</figure>`);
  }
  const title = `${result.predictor.id} ${result.predictor.version} on ${question.symbol}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(title)}</h1>
<p>${escaped(summaryOf(result, question))}</p>
${tableOf(result.scores)}
<p class="quiet">Loss is the CRPS, or the absolute error where no spread was stated. The walk is a random walk with the volatility of the last 256 bars, scored alike. Skill above 0 is better than the walk; p is that of Diebold and Mariano.</p>
<div class="pictures">${pictures.join('\n')}</div>
</body></html>
`;
}

/** The last forecast of which every bar came, with the bars before it. */
function fanOf(lines: readonly Line[], symbol: string): readonly ForecastChart[] {
  const at = lines.findLastIndex(
    ({ values }) => values.length > 1 && values.every((value) => value !== null),
  );
  const line = lines[at];
  if (line === undefined) return [];
  const rows = line.targets
    .map((target, row) => ({ time: timeOf(target), row }))
    .toSorted((a, b) => a.time - b.time);
  const inOrder = <T>(values: readonly T[]): T[] => rows.map(({ row }) => values[row] as T);
  const time = rows.map((row) => row.time);
  const before = lines.slice(Math.max(0, at + 1 - SHOWN_BEFORE), at + 1);
  const chart = {
    title: `${symbol}: a forecast and what came`,
    subtitle: `from ${line.baseline}`,
    history: {
      time: before.map(({ baseline }) => timeOf(baseline)),
      value: before.map((one) => one.baseline_value),
    },
    forecast: {
      time,
      median: inOrder(line.predictions),
      intervals: line.intervals
        .slice(-4)
        .map(({ level, lower, upper }) => ({ level, lower: inOrder(lower), upper: inOrder(upper) })),
      label: 'Forecast',
    },
    outcome: { time, value: inOrder(line.values) },
  };
  return [chart];
}

function scoreCharts({ scores, skillByMonth }: Backtest): readonly ScoreChart[] {
  const [all] = scores;
  if (all === undefined) return [];
  const subtitle = `${all.outcomes} outcomes, all horizons`;
  // A picture of something that there is nothing of is left out.
  const [hasShare, hasPit, hasSkill] = [
    all.coverage.some(({ share }) => share !== null),
    all.pit.counts.some((count) => count > 0),
    skillByMonth.some(({ skill }) => skill !== null),
  ];
  const charts: readonly ScoreChart[] = [
    { kind: 'calibration', title: 'Inside of the intervals', subtitle, levels: all.coverage },
    { kind: 'pit', title: 'Where values fell', subtitle, counts: all.pit.counts },
    {
      kind: 'skill',
      title: 'Skill by month',
      subtitle: 'above 0: better than a random walk',
      periods: skillByMonth.map(({ month, skill }) => ({ time: Date.parse(`${month}-01`), skill })),
    },
  ];
  return charts.filter(({ kind }) => ({ calibration: hasShare, pit: hasPit, skill: hasSkill })[kind]);
}

const timeOf = (text: string | null): number => (text === null ? NaN : (parseTimestamp(text) ?? NaN));

function summaryOf(
  result: Backtest,
  { stride, seed, samples }: Parameters<typeof backtestReport>[1],
): string {
  const refused = Object.values(result.refused).reduce((sum, count) => sum + count, 0);
  return [
    `${result.forecasts} forecasts of ${result.targetColumn ?? 'the target'}, every ${stride} bars from ${formatIso(result.from)} to ${formatIso(result.to)}, ${refused} refused.`,
    `Bars by ${result.feeder.id}, seed ${seed}, samples ${samples ?? 'of the predictor'}, model SHA-256 ${result.modelSha256 ?? 'none'}.`,
    leakSentence(result.leakCheck),
  ].join(' ');
}

function tableOf(scores: readonly ScoreRow[]): string {
  const [headings = [], ...rows] = scoreTable(scores);
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${line(headings, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table>`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const STYLE = `body{font:15px/1.5 "DejaVu Sans",Verdana,sans-serif;margin:2rem auto;max-width:1020px;padding:0 1rem;color:#1f2328;background:#fff}
h1{font-size:1.4rem}table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #d0d7de;white-space:nowrap}
.quiet{color:#4d5560;font-size:13px}.pictures{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}svg{max-width:100%;height:auto}`;
