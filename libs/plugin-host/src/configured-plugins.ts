import type { HandleOf } from './handles.js';
import type { PluginRegistry, SelectableKind } from './plugin-registry.js';

const handleOf = <K extends SelectableKind>() => Object as unknown as abstract new () => HandleOf[K];

/** The feeder of requests that name none: contract and injection token of {@link followConfigured}'s handle. */
export abstract class ConfiguredFeeder extends handleOf<'feeder'>() {}
/** The pipeline of requests that name none. */
export abstract class ConfiguredPipeline extends handleOf<'pipeline'>() {}
/** The predictor of requests that name none. */
export abstract class ConfiguredPredictor extends handleOf<'predictor'>() {}

/**
 * A handle of the configured plugin of a kind that may be kept: each use of it goes to the plugin that is configured at
 * that moment, so that a change while the service runs reaches whoever holds it.
 */
export function followConfigured<K extends SelectableKind>(registry: PluginRegistry, kind: K): HandleOf[K] {
  const names = Object.keys(registry.active(kind)) as (keyof HandleOf[K])[];
  const handle = {} as HandleOf[K];
  for (const name of names) {
    Object.defineProperty(handle, name, { enumerable: true, get: () => registry.active(kind)[name] });
  }
  return handle;
}
