import { DAY_MS, flag, HOUR_MS, integer, MINUTE_MS, type ParametersOf, text } from '#libs/kernel';
import {
  definePipeline,
  type FetchRequest,
  Frame,
  type PipelineTools,
  PluginError,
  pluginErrorCode,
  type PredictionRequest,
} from '#libs/plugin-sdk';
import { firstRowFrom, formatIso, intervalMs, parseTimestamp } from '#libs/timeseries';
import { type FetchedBars, pipelineParameters, PipelineRuns } from './pipeline-run.js';

const parameters = {
  ...pipelineParameters,
  data_lookback_hours: integer(
    { default: 720, min: 1, max: 1_000_000 },
    'Hours of history before the moment that the prediction starts from.',
  ),
  additional_previous_ticks: integer(
    { default: 50, min: 0, max: 100_000 },
    'Additional bars before that range, so that indicators have values from its first bar.',
  ),
  use_custom_date_range: flag(
    false,
    'Whether to use the bars from `custom_start_date` to `custom_end_date` instead of the newest ones.',
  ),
  custom_start_date: text(null, 'Start of the custom range, `YYYY-MM-DD HH:MM:SS` in UTC.'),
  custom_end_date: text(null, 'End of the custom range, `YYYY-MM-DD HH:MM:SS` in UTC.'),
  real_time_mode: flag(
    true,
    'Whether to use bars up to now. When false, the last five minutes are left out.',
  ),
} as const;

/**
 * Answers from a range: the newest bars, or a fixed one. When the newest range holds no bars (a file of older data, a
 * long holiday) all bars up to its end are used, and the answer says so; a fixed range without bars is `no_data`.
 */
export default definePipeline({
  id: 'enhanced_pipeline',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Fetches a range of bars (a lookback or fixed dates, with additional bars before it) and passes it to the predictor.',
  parameters,
  create: (context) => {
    const { parameters: settings, clock } = context;
    const fixed = customRange(settings);
    const ticks = settings.additional_previous_ticks;
    const fetchBars = async (request: PredictionRequest, tools: PipelineTools): Promise<FetchedBars> => {
      const range = fixed ?? lookbackRange(request, settings, clock.now());
      const question = { symbol: request.symbol, interval: request.interval, signal: tools.signal };
      const fetched = await fetchRange(question, range, ticks, tools);
      if (fetched.frame.length > 0 || fixed) return fetched;
      const frame = await tools.feeder.fetch({ ...question, asOf: range.to });
      const note = `there are no bars from ${rangeText(range)}; all bars before were used`;
      return { frame, notes: [note, ...(tools.feeder.notes?.(frame) ?? [])] };
    };
    return new PipelineRuns(context, fetchBars, {
      enhanced_features: {
        date_range_support: true,
        real_time_mode: settings.real_time_mode,
        custom_date_range: settings.use_custom_date_range,
      },
    });
  },
});

const NO_BARS = Frame.of(new Float64Array());

/** The bars of a range with exactly `ticks` bars before it, or as many as there are; empty when the range has none. */
async function fetchRange(
  question: FetchRequest,
  range: DateRange,
  ticks: number,
  { feeder }: PipelineTools,
): Promise<FetchedBars> {
  const from = beginWithTicks(range.from, ticks, question.interval);
  let frame: Frame;
  try {
    frame = await feeder.fetch({ ...question, from, to: range.to, asOf: range.to });
  } catch (error) {
    if (pluginErrorCode(error) !== 'no_data') throw error;
    return { frame: NO_BARS, notes: [] };
  }
  const first = firstRowFrom(frame.time, range.from);
  const isEmpty = first === frame.length;
  return {
    frame: isEmpty ? frame.slice(0, 0) : frame.slice(Math.max(0, first - ticks)),
    notes: feeder.notes?.(frame) ?? [],
  };
}

/** Without real time the newest bars, which the market may still correct, are left alone. */
const SETTLED_AFTER_MS = 5 * MINUTE_MS;
/** Closed markets: bars are counted, not hours, so a range must reach over the longest usual closure. */
const LONGEST_CLOSURE_MS = 5 * DAY_MS;
/** What a predictor can be configured to answer when a request names no horizon. */
const LONGEST_HORIZON = 1_000;

type RangeSettings = ParametersOf<typeof parameters>;

/** Moments in epoch ms UTC, both included. */
interface DateRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The range that is fixed by the configuration, or null when it follows the clock.
 * @throws PluginError `not_configured` when a date is missing, unreadable, or they stand in the wrong order
 */
function customRange(settings: RangeSettings): DateRange | null {
  if (!settings.use_custom_date_range) return null;
  const read = (name: 'custom_start_date' | 'custom_end_date'): number => {
    const given = settings[name];
    const time = given === null ? null : parseTimestamp(given);
    if (time !== null) return time;
    throw new PluginError(
      'not_configured',
      `${name} must be a time such as 2026-01-05 08:00:00 (UTC) with use_custom_date_range, not ${JSON.stringify(given)}`,
    );
  };
  const range = { from: read('custom_start_date'), to: read('custom_end_date') };
  if (range.from < range.to) return range;
  throw new PluginError('not_configured', 'custom_start_date must be before custom_end_date');
}

/**
 * The range that a question is answered from. It ends now (or five minutes ago, without real time) and begins the
 * lookback before; with a baseline the lookback is counted from there, and the end is as far behind it as a predictor
 * that looks ahead can need.
 */
function lookbackRange(request: PredictionRequest, settings: RangeSettings, now: number): DateRange {
  const end = settings.real_time_mode ? now : now - SETTLED_AFTER_MS;
  const lookbackMs = settings.data_lookback_hours * HOUR_MS;
  if (request.baseline === null) return { from: end - lookbackMs, to: end };
  const steps = Math.max(...(request.horizons ?? [request.horizon ?? LONGEST_HORIZON]));
  const ahead = request.baseline + 2 * steps * barMs(request.interval) + LONGEST_CLOSURE_MS;
  return { from: Math.min(request.baseline, end) - lookbackMs, to: Math.min(end, ahead) };
}

/** Where to begin to fetch, so that at least `ticks` bars stand before `from` over a usual closure of the market. */
const beginWithTicks = (from: number, ticks: number, interval: string): number =>
  ticks === 0 ? from : from - 2 * ticks * barMs(interval) - LONGEST_CLOSURE_MS;

/** "2026-01-05T00:00:00Z to 2026-02-04T00:00:00Z" */
const rangeText = ({ from, to }: DateRange): string => `${formatIso(from)} to ${formatIso(to)}`;

const barMs = (interval: string): number => intervalMs(interval) || HOUR_MS;
