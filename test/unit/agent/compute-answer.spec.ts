import { describe, expect, it } from '@jest/globals';
import type { PredictionRequest } from '#libs/plugin-sdk';
import { ComputeAnswer, type OfferedOrder } from '../../../src/agent/compute-answer.js';
import { flatForecast, HOUR, minimalPlugins, predictorNamed, stage } from '../plugin-host/stage.js';

/** An order whose model is its predictor, unless another one is named. */
const offer = (change: Partial<OfferedOrder> = {}): OfferedOrder => ({
  id: '1f0e6f3a-5a9e-4f0c-9d39-5b1f1d3c7a10',
  modelName: change.predictorPlugin ?? 'default_predictor',
  symbol: 'EURUSD',
  interval: '1h',
  lookbackTicks: 100,
  predictionHorizon: 2,
  datetimeRequested: new Date(Date.UTC(2100, 0, 1)),
  predictionType: 'short_term',
  predictorPlugin: 'default_predictor',
  feederPlugin: 'default_feeder',
  pipelinePlugin: 'default_pipeline',
  customParameters: null,
  ...change,
});

/** An evaluator with two predictors, one of which has the model file `fast`; `asked` is what predictors got to hear. */
async function evaluator() {
  const asked: { readonly by: string; readonly model: unknown }[] = [];
  const listening = (id: string) =>
    predictorNamed(id, {
      forecast: (frame, request) => {
        asked.push({ by: id, model: request.modelName });
        return flatForecast(frame, request);
      },
    });
  const parameters = { model_files: { type: 'map', items: 'string', default: {}, help: 'Files.' } } as const;
  const pipeline = {
    ...minimalPlugins.pipeline,
    create: () => ({
      run: async (request: PredictionRequest, { feeder, predictor, signal }: never) => {
        const { fetch } = feeder as { fetch: (question: object) => Promise<never> };
        const { forecast } = predictor as { forecast: (frame: never, question: object) => Promise<object> };
        const frame = await fetch({ ...request, signal });
        const output = await forecast(frame, { ...request, signal });
        const source = { source: 'file', symbol: 'X', bars: 5, first_bar: 'a', last_bar: 'b' };
        return { output, source, timing: { fetch_ms: 1, predict_ms: 1 } };
      },
    }),
  };
  const serving = { ...listening('serving'), parameters };
  const { registry, clock } = await stage({
    plugins: [listening('default_predictor'), serving, pipeline],
    flags: { model_files: { fast: 'a.keras' } },
  });
  // The bars of the stage begin when its clock does; by now they have ended.
  clock.jump(24 * HOUR);
  return { answers: new ComputeAnswer(registry, clock), asked };
}

const options = { signal: new AbortController().signal, timeoutMs: 60_000, progress: () => undefined };

describe('what an evaluator computes', () => {
  it.each([
    ['the predictor, when no model is named', {}, 'default_predictor', null],
    ['the predictor, when it is the model', { modelName: 'default_predictor' }, 'default_predictor', null],
    ['another predictor that is paid for', { modelName: 'serving' }, 'serving', null],
    ['a model file, by the predictor that has it', { modelName: 'fast' }, 'serving', 'fast'],
    ['a model file that the order names as its predictor', { predictorPlugin: 'fast' }, 'serving', 'fast'],
  ])('is %s', async (_, change, by, model) => {
    const { answers, asked } = await evaluator();
    expect(answers.knows(offer(change))).toBe(true);
    const { result } = await answers.compute(offer(change), options);
    expect(asked).toEqual([{ by, model }]);
    expect(result.modelMetadata).toMatchObject({
      model_name: model ?? by,
      plugins: { predictor: { id: by } },
    });
  });

  it('understands the names that old clients use for the configured predictor', async () => {
    const { answers, asked } = await evaluator();
    expect(answers.knows(offer({ predictorPlugin: 'default', modelName: 'default' }))).toBe(true);
    await answers.compute(offer({ predictorPlugin: 'default', modelName: 'default' }), options);
    expect(asked).toEqual([{ by: 'default_predictor', model: null }]);
  });

  it.each([
    ['a model that is priced elsewhere only', { modelName: 'lstm_1h' }],
    ['a predictor that is not loaded', { predictorPlugin: 'lstm_1h' }],
    ['a feeder that is not loaded', { feederPlugin: 'kafka_feeder' }],
    ['a pipeline that is not loaded', { pipelinePlugin: 'fast' }],
  ])('is never %s', async (_, change) => {
    const { answers, asked } = await evaluator();
    expect(answers.knows(offer(change))).toBe(false);
    await expect(answers.compute(offer(change), options)).rejects.toMatchObject({ kind: 'invalid' });
    expect(asked).toEqual([]);
  });
});
