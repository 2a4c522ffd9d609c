import { frameFaults, type Feeder, type FetchRequest, type Frame } from '#libs/plugin-sdk';
import type { CallLimits, Guard } from './guard.js';
import type { FeederHandle, PluginHandle } from './handles.js';

/** Wraps a feeder's calls; a frame that breaks the contract (a bar after `asOf`, for example) is a failure of the plugin. */
export function guardFeeder(about: PluginHandle<'feeder'>, feeder: Feeder, guard: Guard): FeederHandle {
  return {
    ...about,
    fetch: (request: FetchRequest, limits: CallLimits = {}): Promise<Frame> => {
      const signal = limits.signal ?? request.signal;
      return guard.limited('fetch', { ...limits, ...(signal && { signal }) }, async (inner) => {
        const frame = await feeder.fetch({ ...request, signal: inner });
        const faults = frameFaults(frame, request);
        if (faults.length > 0) throw new Error(`fetch broke the contract: ${faults.join('; ')}`);
        return frame;
      });
    },
    resolve: (symbol) => guard.instant('resolve', () => feeder.resolve(symbol)),
    notes: (frame) => guard.instant('notes', () => feeder.notes?.(frame) ?? []),
  };
}
