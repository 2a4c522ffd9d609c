import { definePipeline } from '#libs/plugin-sdk';
import { pipelineParameters, PipelineRuns } from './pipeline-run.js';

/** All bars that the feeder has for the question, then the predictor. */
export default definePipeline({
  id: 'default_pipeline',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Fetches the bars of the symbol and passes them to the predictor.',
  parameters: pipelineParameters,
  create: ({ parameters, clock, logger }) => {
    const runs = new PipelineRuns(parameters, clock, logger, async (request, { feeder, signal }) => {
      const { symbol, interval, baseline } = request;
      const frame = await feeder.fetch({
        symbol,
        interval,
        signal,
        ...(baseline !== null && { around: baseline }),
      });
      return { frame, notes: feeder.notes?.(frame) ?? [] };
    });
    return {
      run: (request, tools) => runs.run(request, tools),
      status: () => runs.status(),
    };
  },
});
