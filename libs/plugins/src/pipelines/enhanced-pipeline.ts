import {
  definePipeline,
  pluginErrorCode,
  Frame,
  type FetchRequest,
  type PipelineTools,
} from '#libs/plugin-sdk';
import { firstRowFrom } from '#libs/timeseries';
import { beginWithTicks, customRange, lookbackRange, rangeText, type DateRange } from './lookback-range.js';
import { pipelineParameters } from './pipeline-parameters.js';
import { PipelineRuns, type FetchedBars } from './pipeline-run.js';

const parameters = {
  ...pipelineParameters,
  data_lookback_hours: {
    type: 'integer',
    default: 720,
    min: 1,
    max: 1_000_000,
    help: 'Hours of history before the moment of the question.',
  },
  additional_previous_ticks: {
    type: 'integer',
    default: 50,
    min: 0,
    max: 100_000,
    help: 'Bars before that range, so that indicators have values from its first bar on.',
  },
  use_custom_date_range: {
    type: 'boolean',
    default: false,
    help: 'Answer from `custom_start_date` to `custom_end_date` instead of the newest bars.',
  },
  custom_start_date: {
    type: 'string',
    default: null,
    help: 'First moment of the custom range, `YYYY-MM-DD HH:MM:SS` in UTC.',
  },
  custom_end_date: {
    type: 'string',
    default: null,
    help: 'Last moment of the custom range, `YYYY-MM-DD HH:MM:SS` in UTC.',
  },
  real_time_mode: {
    type: 'boolean',
    default: true,
    help: 'Use bars up to now; when false, up to five minutes ago.',
  },
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
    'Fetches a range of bars (lookback or fixed dates, with bars before it) and hands it to the predictor.',
  parameters,
  create: ({ parameters: settings, clock, logger }) => {
    const fixed = customRange(settings);
    const ticks = settings.additional_previous_ticks;
    const runs = new PipelineRuns(settings, clock, logger, async (request, tools): Promise<FetchedBars> => {
      const range = fixed ?? lookbackRange(request, settings, clock.now());
      const question = { symbol: request.symbol, interval: request.interval, signal: tools.signal };
      const fetched = await fetchRange(question, range, ticks, tools);
      if (fetched.frame.length > 0 || fixed) return fetched;
      const frame = await tools.feeder.fetch({ ...question, asOf: range.to });
      const note = `there are no bars from ${rangeText(range)}; all bars before were used`;
      return { frame, notes: [note, ...(tools.feeder.notes?.(frame) ?? [])] };
    });
    return {
      run: (request, tools) => runs.run(request, tools),
      status: () => ({
        ...runs.status(),
        enhanced_features: {
          date_range_support: true,
          real_time_mode: settings.real_time_mode,
          custom_date_range: settings.use_custom_date_range,
        },
      }),
    };
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
