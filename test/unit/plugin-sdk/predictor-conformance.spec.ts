import { describe, expect, it } from '@jest/globals';
import {
  definePredictor,
  PluginError,
  predictorConformance,
  type EntryQuestion,
  type Predictor,
  type PredictorCapability,
} from '#libs/plugin-sdk';
import { common, failing, series, START } from './broken-plugins.js';

describe('the predictor suite', () => {
  const good: Predictor = {
    forecast: (frame, { horizons, horizon, baseline, targetColumn }) => {
      const past = baseline === null ? frame : frame.upTo(baseline);
      if (past.length === 0) throw new PluginError('no_data', 'no bars');
      const name = targetColumn ?? 'CLOSE';
      if (!frame.has(name)) throw new PluginError('invalid_request', `no column ${name}`);
      const steps = horizons ?? Array.from({ length: horizon ?? 2 }, (_, index) => index + 1);
      const value = past.column(name).at(-1) ?? NaN;
      return {
        mode: 'drift',
        date_column: 'DATE_TIME',
        target_column: name,
        baseline_datetime: '2026-01-05T00:00:00',
        baseline_value: value,
        horizons: steps,
        predictions: steps.map((step) => value + step),
        future_datetimes: steps.map(() => null),
        uncertainty: steps.map(() => 1),
        errors: [],
      };
    },
    entry: () => ({ buy: 1, sell: 0, barsRemaining: 2, buyConfidence: 1, sellConfidence: 1 }),
  };
  const entries: EntryQuestion[] = [
    { time: START, takeProfitPips: 5, stopLossPips: 5, spreadPips: 0, commissionPerLot: 0, slippagePips: 0 },
  ];
  const suite = (
    create: () => Predictor,
    capabilities: readonly PredictorCapability[] = ['forecast', 'entry'],
    looksAhead = false,
  ) =>
    predictorConformance({
      definition: definePredictor({ ...common, id: 'a_predictor', capabilities, looksAhead, create }),
      create,
      frame: series(50),
      entries,
    });
  const forecasting =
    (change: (forecast: NonNullable<Predictor['forecast']>) => Predictor['forecast']): (() => Predictor) =>
    () =>
      ({ ...good, forecast: change(good.forecast ?? (() => ({}) as never)) }) as Predictor;

  it('passes a predictor that keeps the contract', async () => {
    expect(await failing(suite(() => good))).toEqual([]);
  });

  const peeking = forecasting((forecast) => async (frame, request) => {
    const output = await forecast(frame, request);
    return { ...output, predictions: output.predictions.map(() => frame.column('CLOSE').at(-1) ?? 0) };
  });

  it('lets only those look ahead that say so', async () => {
    expect(await failing(suite(peeking))).toEqual([
      expect.stringMatching(
        /^does not look ahead: bars after the baseline do not change the answer: predictions are 45,45,45 without later bars, but 50,50,50/,
      ),
    ]);
    expect(await failing(suite(peeking, ['forecast', 'entry'], true))).toEqual([]);
  });

  let draws = 0;
  it.each<[string, () => Predictor, RegExp]>([
    [
      'sorts the horizons',
      forecasting(
        (forecast) => (frame, request) =>
          forecast(frame, { ...request, horizons: request.horizons?.toSorted() ?? null }),
      ),
      /^returns the requested horizons in their order, .*: horizons are 1,2,3, but 3,1,2 were requested/,
    ],
    [
      'answers by the place, not by the horizon',
      forecasting((forecast) => async (frame, request) => {
        const output = await forecast(frame, request);
        return { ...output, predictions: output.predictions.map((_, index) => index) };
      }),
      /^gives a horizon the same value whichever others are requested: horizon 1 is 0 or 1, depending on the order/,
    ],
    [
      'draws without a seed',
      forecasting((forecast) => async (frame, request) => {
        const output = await forecast(frame, request);
        draws += 1;
        return { ...output, uncertainty: output.uncertainty.map(() => draws) };
      }),
      /^gives the same answer to the same request after a new start/,
    ],
    [
      'normalises the frame in place',
      forecasting((forecast) => (frame, request) => {
        if (frame.has('OPEN')) frame.column('OPEN').fill(draws++);
        return forecast(frame, request);
      }),
      /^does not change the frame: the frame was changed/,
    ],
    [
      'throws any error without bars',
      forecasting((forecast) => (frame, request) => {
        if (frame.length === 0) throw new RangeError('empty');
        return forecast(frame, request);
      }),
      /^fails with a suitable code if there are no bars: .* not with RangeError/,
    ],
    [
      'answers entries with probabilities',
      () => ({ ...good, entry: () => ({ buy: 0.5 }) as never }),
      /buy and sell must be 0 or 1/,
    ],
    [
      'lacks what it declares',
      () => ({ forecast: good.forecast }) as Predictor,
      /entry is declared, but entry is missing/,
    ],
    [
      'has more than it declares',
      () => ({ ...good, exit: () => ({ keep: 1, confidence: 1 }) }),
      /exit is not declared, but exit is present/,
    ],
  ])('finds a predictor that %s', async (_, create, reason) => {
    expect(await failing(suite(create))).toContainEqual(expect.stringMatching(reason));
  });

  it('looks at descriptions and counts too', async () => {
    const create = (): Predictor => ({
      describe: () => ({ model_name: 'x' }) as never,
      metrics: () => ({ tp: 1, fp: 0, tn: 0, fn: 0, total_predictions: 1 }) as never,
      resetMetrics: () => undefined,
    });
    expect(await failing(suite(create, ['describe', 'metrics']))).toEqual([
      expect.stringContaining('supported_types must be a list'),
      expect.stringContaining('the counts must be 0 after a reset'),
    ]);
  });
});
