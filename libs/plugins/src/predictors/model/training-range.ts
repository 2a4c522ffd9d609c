import type { Frame } from '#libs/plugin-sdk';
import type { ServedModel } from './served-model.js';
import type { WindowSpec } from './window.js';

/** The window of one question. */
interface AskedWindow {
  readonly model: ServedModel;
  /** Ends with the window. */
  readonly bars: Frame;
  readonly spec: Pick<WindowSpec, 'columns' | 'size'>;
}

/**
 * What `ForecastRequest.trainingRange` asks for: of each column of the window the range of the training data, by `training_range`
 * of the metadata, else by the normalisation, which was made of them.
 */
export function trainingRangeOf({ model, bars, spec }: AskedWindow): Readonly<Record<string, unknown>> {
  const { metadata, normalisation } = model;
  const window = bars.last(spec.size);
  const entries = spec.columns.flatMap(({ name, scale }) => {
    const stated = metadata.trainingRange?.trained(name) ?? null;
    const trained = stated ?? (scale === null ? null : (normalisation?.trained(scale) ?? null));
    if (trained === null) return [];
    const known = window.column(name).filter((value) => Number.isFinite(value));
    if (known.length === 0) return [];
    return [[name, { ...trained, window_min: Math.min(...known), window_max: Math.max(...known) }] as const];
  });
  return {
    ...(entries.length > 0 && { training_range: Object.fromEntries(entries) }),
    ...(metadata.abstainLimit !== null && { abstain_limit: metadata.abstainLimit }),
  };
}
