import { describe, expect, it } from '@jest/globals';
import { definePipeline, pipelineConformance, PluginError, type Pipeline } from '#libs/plugin-sdk';
import { common, failing } from './broken-plugins.js';

describe('the pipeline suite', () => {
  const good: Pipeline = {
    run: async (request, { feeder, predictor, signal, progress }) => {
      progress(0, 'fetch');
      const frame = await feeder.fetch({ symbol: request.symbol, interval: request.interval, signal });
      if (frame.length === 0) throw new PluginError('no_data', 'no bars');
      if (!predictor.forecast) throw new PluginError('unsupported', 'no forecast');
      const output = await predictor.forecast(frame, { ...request, signal });
      progress(100, 'done');
      const [first_bar, last_bar] = [frame.time[0], frame.time.at(-1)].map((time) =>
        new Date(time ?? 0).toISOString(),
      );
      return {
        output,
        source: {
          ...feeder.resolve(request.symbol),
          bars: frame.length,
          first_bar: first_bar ?? '',
          last_bar: last_bar ?? '',
        },
        timing: { fetch_ms: 1, predict_ms: 1 },
      };
    },
  };
  const suite = (pipeline: Pipeline) =>
    pipelineConformance({
      definition: definePipeline({ ...common, id: 'a_pipeline', create: () => pipeline }),
      create: () => pipeline,
    });
  const running = (change: (run: Pipeline['run']) => Pipeline['run']): Pipeline => ({
    run: change(good.run),
  });

  it('passes a pipeline that keeps the contract', async () => {
    expect(await failing(suite(good))).toEqual([]);
  });

  it.each<[string, Pipeline, RegExp]>([
    [
      'keeps the signal to itself',
      running((run) => (request, tools) => run(request, { ...tools, signal: undefined as never })),
      /^passes on the signal, so that a cancelled run ends: the feeder must get the signal/,
    ],
    [
      'swallows errors',
      running((run) => (request, tools) => run(request, tools).catch(() => ({}) as never)),
      /^fails with no_data if there are no bars: no bars: must fail with no_data, but it succeeded/,
    ],
    [
      'counts other bars than it used',
      running((run) => async (request, tools) => {
        const output = await run(request, tools);
        return { ...output, source: { ...output.source, bars: 1 } };
      }),
      /^explains the answer: .*: bars is 1, but the predictor got 200/,
    ],
    [
      'sorts the horizons',
      running((run) => (request, tools) => run({ ...request, horizons: [1, 2] }, tools)),
      /the predictor must get the request unchanged/,
    ],
    [
      'never ends its progress',
      running(
        (run) => (request, tools) =>
          run(request, { ...tools, progress: (_, step) => tools.progress(50, step) }),
      ),
      /progress must end at 100/,
    ],
  ])('finds a pipeline that %s', async (_, pipeline, reason) => {
    expect(await failing(suite(pipeline))).toContainEqual(expect.stringMatching(reason));
  });
});
