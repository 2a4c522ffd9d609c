import type { Pipeline, PredictionRequest } from '#libs/plugin-sdk';
import type { Guard } from './guard.js';
import type { PipelineHandle, PluginHandle, RunOptions } from './handles.js';

/** Wraps a pipeline's runs. Progress that it reports after its end, or as nonsense, goes nowhere. */
export function guardPipeline(
  about: PluginHandle<'pipeline'>,
  pipeline: Pipeline,
  guard: Guard,
): PipelineHandle {
  return {
    ...about,
    run: (request: PredictionRequest, { feeder, predictor, progress, ...limits }: RunOptions) =>
      guard.limited('run', limits, (signal) =>
        pipeline.run(request, {
          feeder,
          predictor,
          signal,
          progress: (percentage, step) => {
            if (signal.aborted || !Number.isFinite(percentage)) return;
            progress?.(Math.min(100, Math.max(0, percentage)), step);
          },
        }),
      ),
    status: () => guard.instant('status', () => pipeline.status?.() ?? {}),
  };
}
