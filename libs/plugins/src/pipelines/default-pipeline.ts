import { definePipeline } from '#libs/plugin-sdk';
import { pipelineParameters, PipelineRuns } from './pipeline-run.js';

/** All bars that the feeder has for the question, then the predictor. */
export default definePipeline({
  id: 'default_pipeline',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Fetches the bars of the symbol and passes them to the predictor.',
  parameters: pipelineParameters,
  create: (context) =>
    new PipelineRuns(context, async ({ symbol, interval, baseline }, { feeder, signal }) => {
      const around = baseline === null ? {} : { around: baseline };
      const frame = await feeder.fetch({ symbol, interval, signal, ...around });
      return { frame, notes: feeder.notes?.(frame) ?? [] };
    }),
});
