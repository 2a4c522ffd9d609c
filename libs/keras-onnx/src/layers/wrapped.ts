import { corrupt } from '../errors.js';
import { parseLayer } from '../graph/parse.js';
import type { LayerSpec } from '../graph/spec.js';

/** A wrapped layer is parsed once, so that its variables and its calls meet in one object. */
const parsed = new WeakMap<object, LayerSpec>();

/** The layer that a setting of another one holds. */
export function wrapped(layer: LayerSpec, key: string, raw: unknown): LayerSpec {
  if (typeof raw !== 'object' || raw === null) throw corrupt(`has no '${key}'`, layer.name);
  const known = parsed.get(raw);
  if (known !== undefined) return known;
  const spec = parseLayer(raw, layer.dialect, `${layer.name}/${key}`);
  const owned = layer.trainable ? spec : { ...spec, trainable: false };
  parsed.set(raw, owned);
  return owned;
}
