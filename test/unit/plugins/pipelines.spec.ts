import { describe, expect, it } from '@jest/globals';
import {
  createPlugin,
  Frame,
  pipelineConformance,
  PluginError,
  type FetchRequest,
  type ForecastRequest,
  type PipelineTools,
  type PredictionRequest,
} from '#libs/plugin-sdk';
import { FakeClock } from '#libs/testing';
import defaultPipeline from '../../../libs/plugins/src/pipelines/default-pipeline.js';
import enhancedPipeline from '../../../libs/plugins/src/pipelines/enhanced-pipeline.js';
import { conform } from './conform.js';

const HOUR = 3_600_000;
const LAST = Date.UTC(2026, 0, 5);
const question: PredictionRequest = {
  symbol: 'EURUSD',
  interval: '1h',
  predictionType: 'short_term',
  horizons: null,
  horizon: 1,
  baseline: null,
  dateColumn: null,
  targetColumn: null,
};

/** Hourly bars up to {@link LAST}; what the tools were asked is kept. */
function tools(bars = 2_000, notes: readonly string[] = []) {
  const time = Float64Array.from({ length: bars }, (_, row) => LAST - (bars - 1 - row) * HOUR);
  const whole = Frame.of(time, { CLOSE: time.map((_, row) => row) });
  const fetches: FetchRequest[] = [];
  const forecasts: { frame: Frame; request: ForecastRequest }[] = [];
  const use: PipelineTools = {
    feeder: {
      fetch: async (request) => {
        fetches.push(request);
        return whole.between(request.from, Math.min(request.to ?? Infinity, request.asOf ?? Infinity));
      },
      resolve: (symbol) => ({ source: 'file', symbol }),
      notes: () => notes,
    },
    predictor: {
      forecast: (frame, request) => {
        forecasts.push({ frame, request });
        return {} as never;
      },
    },
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  return { use, fetches, forecasts };
}

describe('default_pipeline', () => {
  describe('keeps the contract: it', () => {
    conform(
      pipelineConformance({ definition: defaultPipeline, create: () => createPlugin(defaultPipeline) }),
    );
  });

  it('hints at the moment of the question and keeps what the feeder says about the bars', async () => {
    const pipeline = await createPlugin(defaultPipeline);
    const { use, fetches } = tools(10, ['the source was down']);
    const output = await pipeline.run({ ...question, baseline: LAST - HOUR }, use);
    expect(fetches[0]).toMatchObject({ around: LAST - HOUR });
    expect(fetches[0]).not.toHaveProperty('from');
    expect(output.source).toEqual({
      source: 'file',
      symbol: 'EURUSD',
      bars: 10,
      first_bar: '2026-01-04T15:00:00Z',
      last_bar: '2026-01-05T00:00:00Z',
      notes: ['the source was down'],
    });
  });

  it('measures fetching and predicting apart, and counts its runs', async () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const write = (message: string) => {
      lines.push(message);
    };
    const pipeline = await createPlugin(
      defaultPipeline,
      {},
      { clock, logger: { info: write, warn: write, error: write } },
    );
    const { use } = tools();
    expect(pipeline.status?.()).toMatchObject({ last_prediction_status: 'no predictions yet' });
    const slow: PipelineTools = {
      ...use,
      feeder: {
        ...use.feeder,
        fetch: async (request) => {
          clock.jump(40);
          return use.feeder.fetch(request);
        },
      },
      predictor: {
        forecast: () => {
          clock.jump(2.5);
          expect(pipeline.status?.()).toMatchObject({ pipeline_running: true });
          return {} as never;
        },
      },
    };
    expect((await pipeline.run(question, slow)).timing).toEqual({ fetch_ms: 40, predict_ms: 2.5 });
    expect(lines).toEqual(['predicted EURUSD']);
    await expect(pipeline.run(question, tools(0).use)).rejects.toMatchObject({ code: 'no_data' });
    expect(pipeline.status?.()).toEqual({
      system_ready: true,
      pipeline_running: false,
      last_prediction_status: 'failed',
      predictions_running: 0,
      predictions_completed: 1,
      predictions_failed: 1,
    });
  });

  it('refuses to run when it is switched off, and is silent when asked to', async () => {
    const off = await createPlugin(defaultPipeline, { pipeline_enabled: false });
    await expect(off.run(question, tools().use)).rejects.toMatchObject({ code: 'not_configured' });
    const lines: string[] = [];
    const logger = {
      info: (line: string) => void lines.push(line),
      warn: () => undefined,
      error: () => undefined,
    };
    for (const settings of [{ enable_logging: false }, { log_level: 'warning' }]) {
      const quiet = await createPlugin(defaultPipeline, settings, { logger });
      await quiet.run(question, tools().use);
    }
    expect(lines).toEqual([]);
  });
});

describe('enhanced_pipeline', () => {
  const create = (settings = {}, now = LAST) =>
    createPlugin(enhancedPipeline, settings, { clock: new FakeClock(now) });

  describe('keeps the contract: it', () => {
    conform(pipelineConformance({ definition: enhancedPipeline, create: () => create(), lastBar: LAST }));
  });

  it('takes the lookback up to now, with exactly the extra bars before it', async () => {
    const { use, fetches, forecasts } = tools();
    await (await create({ data_lookback_hours: 100, additional_previous_ticks: 7 })).run(question, use);
    expect(fetches[0]).toMatchObject({ to: LAST, asOf: LAST });
    expect(forecasts[0]?.frame.length).toBe(101 + 7);
    await (await create({ data_lookback_hours: 100, additional_previous_ticks: 0 })).run(question, use);
    expect(forecasts[1]?.frame.length).toBe(101);
  });

  it('counts extra bars, not hours, over a closed market', async () => {
    const { use, forecasts } = tools();
    const monday = LAST - 6 * HOUR;
    const closed = {
      ...use,
      feeder: {
        ...use.feeder,
        fetch: async (request: FetchRequest) => {
          const frame = await use.feeder.fetch(request);
          const open = [...frame.time.keys()].filter((row) => {
            const time = frame.time[row] ?? 0;
            return time >= monday || time < monday - 49 * HOUR;
          });
          return Frame.of(
            Float64Array.from(open, (row) => frame.time[row] ?? 0),
            {
              CLOSE: Float64Array.from(open, (row) => frame.column('CLOSE')[row] ?? 0),
            },
          );
        },
      },
    };
    await (await create({ data_lookback_hours: 6, additional_previous_ticks: 50 })).run(question, closed);
    expect(forecasts[0]?.frame.length).toBe(7 + 50);
    expect(forecasts[0]?.frame.time[49]).toBe(monday - 50 * HOUR);
  });

  it('leaves the newest five minutes alone without real time', async () => {
    const { use, fetches } = tools();
    await (await create({ real_time_mode: false })).run(question, use);
    expect(fetches[0]).toMatchObject({ to: LAST - 300_000, asOf: LAST - 300_000 });
  });

  it('counts the lookback from the baseline and leaves room behind it for the horizons', async () => {
    const { use, fetches, forecasts } = tools();
    const baseline = LAST - 500 * HOUR;
    const asked = { ...question, baseline, horizons: [3] };
    await (await create({ data_lookback_hours: 24, additional_previous_ticks: 0 })).run(asked, use);
    expect(fetches[0]).toMatchObject({ from: baseline - 24 * HOUR, to: baseline + 6 * HOUR + 120 * HOUR });
    expect(forecasts[0]?.request.baseline).toBe(baseline);
  });

  it('uses a fixed range, and nothing else when that has no bars', async () => {
    const { use, forecasts } = tools();
    const range = {
      use_custom_date_range: true,
      custom_start_date: '2026-01-01 00:00:00',
      custom_end_date: '2026-01-02T00:00:00Z',
      additional_previous_ticks: 0,
    };
    const pipeline = await create(range);
    const { source } = await pipeline.run(question, use);
    expect([source.first_bar, source.last_bar]).toEqual(['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']);
    expect(forecasts[0]?.frame.length).toBe(25);
    expect(pipeline.status?.()).toMatchObject({
      enhanced_features: { date_range_support: true, real_time_mode: true, custom_date_range: true },
    });
    const elsewhere = await create({
      ...range,
      custom_start_date: '2001-01-01',
      custom_end_date: '2001-02-01',
    });
    await expect(elsewhere.run(question, use)).rejects.toMatchObject({ code: 'no_data' });
  });

  it('falls back to older bars when the newest range has none, and says so', async () => {
    const { use } = tools();
    const { source } = await (await create({}, LAST + 90 * 24 * HOUR)).run(question, use);
    expect(source.last_bar).toBe('2026-01-05T00:00:00Z');
    expect(source.notes?.[0]).toMatch(
      /^there are no bars from 2026-03-06T00:00:00Z to .*; all bars before were used$/,
    );
    const emptyHanded = {
      ...use,
      feeder: {
        ...use.feeder,
        fetch: async (request: FetchRequest) => {
          if (request.from !== undefined) throw new PluginError('no_data', 'nothing there');
          return use.feeder.fetch(request);
        },
      },
    };
    expect((await (await create()).run(question, emptyHanded)).source.bars).toBe(2_000);
    const down = {
      ...use,
      feeder: { ...use.feeder, fetch: () => Promise.reject(new PluginError('source_unavailable', 'down')) },
    };
    await expect((await create()).run(question, down)).rejects.toMatchObject({ code: 'source_unavailable' });
  });

  it.each([
    [{ custom_end_date: '2026-01-01' }, 'custom_start_date must be a time'],
    [{ custom_start_date: '2026-01-01', custom_end_date: 'tomorrow' }, 'custom_end_date must be a time'],
    [{ custom_start_date: '2026-01-02', custom_end_date: '2026-01-01' }, 'must be before custom_end_date'],
  ])('refuses %j at start', async (range, message) => {
    const created = create({ use_custom_date_range: true, ...range });
    await expect(created).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringContaining(message),
    });
  });
});
