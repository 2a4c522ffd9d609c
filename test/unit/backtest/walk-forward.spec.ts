import { describe, expect, it } from '@jest/globals';
import { type BacktestQuestion, walkForward, type WalkedForecast } from '#libs/backtest';
import { type ForecastRequest, Frame, type Predictor } from '#libs/plugin-sdk';
import { crpsNorm } from '#libs/scoring';
import { flatForecast, HOUR, minimalPlugins, predictorNamed, stage } from '../plugin-host/stage.js';

const START = Date.UTC(2026, 0, 5);
const ROWS = 400;
const close = (row: number): number => 100 + Math.sin(row * 12.9898) * 3 + row / 100;
const bars = Frame.of(
  Float64Array.from({ length: ROWS }, (_, row) => START + row * HOUR),
  { CLOSE: Float64Array.from({ length: ROWS }, (_, row) => close(row)) },
);
const QUESTION: BacktestQuestion = {
  symbol: 'X',
  interval: '1h',
  modelName: null,
  from: null,
  to: null,
  stride: 1,
  horizons: [1, 3],
  samples: null,
  seed: 7,
  targetColumn: null,
};
/** States the last value with a deviation of 2. */
const modest = (frame: Frame, request: ForecastRequest) => {
  const flat = flatForecast(frame, request);
  return {
    ...flat,
    predictions: flat.horizons.map(() => flat.baseline_value),
    uncertainty: flat.horizons.map(() => 2),
    seed: request.seed ?? null,
  };
};

async function walk(
  predictor: Predictor,
  given: Partial<BacktestQuestion> = {},
  { maxForecasts = 1_000, looksAhead = false, hours = 10_000 } = {},
) {
  const feeder = {
    ...minimalPlugins.feeder,
    create: () => ({ fetch: async () => bars, resolve: (symbol: string) => ({ source: 'file', symbol }) }),
  };
  const { registry, clock } = await stage({
    plugins: [predictorNamed('default_predictor', predictor, looksAhead), feeder],
  });
  clock.jump(START - clock.now() + hours * HOUR);
  const walked: WalkedForecast[] = [];
  const result = await walkForward(
    { ...QUESTION, ...given },
    {
      feeder: await registry.feeder(),
      predictor: await registry.predictor(),
      clock,
      maxForecasts,
      signal: new AbortController().signal,
      forecasts: (batch) => void walked.push(...batch),
    },
  );
  return { result, walked };
}

describe('a walk forward', () => {
  it('forecasts from each bar with what was known then, and scores against the bars that followed', async () => {
    const seen: number[] = [];
    const { result, walked } = await walk({
      forecast: (frame, request) => {
        seen.push(frame.length);
        return modest(frame, request);
      },
    });
    expect(walked).toHaveLength(ROWS - 1);
    expect(new Set(seen).size).toBe(ROWS - 1);
    const one = walked[300];
    expect(one?.baseline).toBe(START + 300 * HOUR);
    expect(one?.values).toEqual([close(301), close(303)]);
    expect(one?.losses[1]).toBeCloseTo(crpsNorm(close(303), close(300), 2), 12);
    const changes = Array.from({ length: 256 }, (_, at) => (close(300 - at) - close(299 - at)) ** 2);
    const volatility = Math.sqrt(changes.reduce((sum, change) => sum + change, 0) / 256);
    expect(one?.baselineLosses[1]).toBeCloseTo(
      crpsNorm(close(303), close(300), volatility * Math.sqrt(3)),
      9,
    );
    const [all, first] = result.scores;
    expect(all).toMatchObject({ horizon: null, outcomes: 2 * ROWS - 4, unresolvable: 2 });
    expect(first?.horizon).toBe(1);
    const losses = walked.map(({ losses: [loss] }) => loss ?? 0);
    expect(first?.loss).toBeCloseTo(losses.slice(1).reduce((sum, loss) => sum + loss, 0) / (ROWS - 2), 9);
    expect(first?.skillLower).toBeLessThan(first?.skill ?? NaN);
    expect(result).toMatchObject({ forecasts: ROWS - 1, leakCheck: { windows: 12, unrepeatable: 0 } });
  });

  it('takes its range, its stride and closed bars only, and gives each bar a seed of its own', async () => {
    const from = START + 50 * HOUR;
    const asked = { from, to: START + 100 * HOUR, stride: 10 };
    const { walked } = await walk({ forecast: modest }, asked);
    expect(walked.map(({ baseline }) => (baseline - START) / HOUR)).toEqual([50, 60, 70, 80, 90, 100]);
    expect(new Set(walked.map(({ seed }) => seed)).size).toBe(6);
    const again = await walk({ forecast: modest }, { ...asked, from: START + 60 * HOUR });
    expect(again.walked[0]?.seed).toBe(walked[1]?.seed);
    const { result } = await walk({ forecast: modest }, {}, { hours: 61 });
    expect(result.to).toBe(START + 59 * HOUR);
  });

  it('counts refusals by reason', async () => {
    const { result } = await walk({
      forecast: (frame, request) => {
        if (frame.length >= 100) return modest(frame, request);
        throw Object.assign(new Error(`only ${frame.length} bars`), { code: 'no_data' });
      },
    });
    expect(result).toMatchObject({ forecasts: ROWS - 100, refused: { 'only N bars': 99 } });
  });

  it.each([
    [{ from: START + 1_000 * HOUR }, {}, /no bar to forecast from.*2026-01-21T15:00:00Z/],
    [{}, { maxForecasts: 100 }, /399 forecasts and at most 100.*a stride of 4.*backtest_forecasts/],
  ])('refuses what it cannot walk: %j', async (asked, limits, text) => {
    await expect(walk({ forecast: modest }, asked, limits)).rejects.toThrow(text);
  });
});

describe('a predictor that knows what comes', () => {
  /** The value of the next bar, as it lies in memory behind the bars that were handed over. */
  const peek = (values: Float64Array): number =>
    new Float64Array(values.buffer, values.byteOffset + values.byteLength, 1)[0] ?? NaN;
  const leaky = (frame: Frame, request: ForecastRequest) => ({
    ...modest(frame, request),
    predictions: [peek(frame.column('CLOSE')), peek(frame.column('CLOSE'))],
  });

  it.each<[string, Predictor]>([
    ['reads behind the bars that it was given', { forecast: leaky }],
    [
      'reads later bars of a batch',
      {
        forecast: modest,
        forecastBatch: async (frame, request) =>
          request.baselines.map((baseline, at) => {
            const output = modest(frame.upTo(baseline), {
              ...request,
              baseline,
              seed: request.seeds[at] ?? 0,
            });
            const next = frame.column('CLOSE')[frame.exactRow(baseline) + 1] ?? output.baseline_value;
            return { ...output, predictions: [next, next] };
          }),
      },
    ],
    [
      'only widens where much will happen',
      {
        forecast: (frame, request) => ({
          ...modest(frame, request),
          uncertainty: [Math.abs(peek(frame.column('CLOSE'))), 2],
        }),
      },
    ],
  ])('is caught and named: it %s', async (_how, predictor) => {
    await expect(walk(predictor)).rejects.toMatchObject({
      code: 'looks_ahead',
      detail: expect.stringMatching(/^default_predictor looks ahead: its forecast from the bar of 2026-/),
    });
  });

  it('is refused when it says so itself', async () => {
    await expect(walk({ forecast: modest }, {}, { looksAhead: true })).rejects.toMatchObject({
      code: 'looks_ahead',
    });
  });

  it('is told apart from one that gives another answer each time', async () => {
    let turn = 0;
    const { result } = await walk({
      forecast: (frame, request) => ({ ...modest(frame, request), predictions: [(turn += 1), turn] }),
    });
    expect(result.leakCheck).toEqual({ windows: 12, unrepeatable: 12 });
  });
});
