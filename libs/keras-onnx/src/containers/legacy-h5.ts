import { corrupt } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
import { parseModel } from '../graph/parse.js';
import type { Dialect } from '../graph/spec.js';
import { Hdf5 } from './hdf5.js';
import { type GraphSource, type ModelLimits, parsePythonJson } from './source.js';

/** Reads a whole-model HDF5 file of Keras 2 or 3: `model_config` and the group `model_weights`. */
export async function readLegacyH5(bytes: Uint8Array, limits: ModelLimits): Promise<GraphSource> {
  const file = await Hdf5.open(bytes, limits);
  const config = file.attribute('/', 'model_config');
  if (typeof config !== 'string') {
    throw corrupt('the HDF5 file has no model_config; weights alone are not enough, save the whole model');
  }
  const written = file.attribute('/', 'keras_version');
  const version = typeof written === 'string' ? written : undefined;
  const dialect: Dialect = version?.startsWith('3.') === true ? 'keras3' : 'keras2';
  const model = parseModel(parsePythonJson(config, 'model_config', limits), dialect);
  const root = 'model_weights';
  if (!file.has(root)) throw corrupt('the HDF5 file has no model_weights');
  const layers = new Set(names(file, root, 'layer_names'));
  return {
    format: 'h5',
    model,
    writtenBy: version,
    close: () => file.close(),
    weights: {
      kind: 'flat',
      variables: (layer) => (layers.has(layer.name) ? weightsOf(file, `${root}/${layer.name}`) : []),
    },
  };
}

function weightsOf(file: Hdf5, group: string): Tensor[] {
  return names(file, group, 'weight_names').map((name) => file.tensor(`${group}/${name}`));
}

/** Long lists are cut into `name0`, `name1`, … because an HDF5 header holds 64 KiB at most. */
function names(file: Hdf5, group: string, key: string): string[] {
  const whole = file.attribute(group, key);
  if (whole !== undefined) return [whole].flat();
  const parts: string[] = [];
  for (let index = 0; ; index += 1) {
    const part = file.attribute(group, `${key}${index}`);
    if (part === undefined) return parts;
    parts.push(...[part].flat());
  }
}
