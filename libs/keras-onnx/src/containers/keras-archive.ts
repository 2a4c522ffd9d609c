import { corrupt } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';
import { parseModel } from '../graph/parse.js';
import type { Dialect } from '../graph/spec.js';
import { readArchive } from './archive.js';
import { Hdf5 } from './hdf5.js';
import type { ModelLimits } from './limits.js';
import { parsePythonJson } from './python-json.js';
import type { GraphSource } from './source.js';

const [CONFIG, METADATA, WEIGHTS] = ['config.json', 'metadata.json', 'model.weights.h5'] as const;

/** Reads the `.keras` archive of Keras 3 (and the same layout of late Keras 2). */
export async function readKerasArchive(bytes: Uint8Array, limits: ModelLimits): Promise<GraphSource> {
  const entries = await readArchive(bytes, [CONFIG, METADATA, WEIGHTS], limits);
  const config = entries.get(CONFIG);
  if (config === undefined) throw corrupt('the archive has no config.json, so it is no .keras file');
  const metadata = entries.get(METADATA);
  const about = metadata === undefined ? undefined : parsePythonJson(metadata, METADATA, limits);
  const version =
    isObject(about) && typeof about.keras_version === 'string' ? about.keras_version : undefined;
  const dialect: Dialect = version?.startsWith('2.') === true ? 'keras2' : 'keras3';
  // The graph is parsed first: a refused layer is better news than missing weights.
  const model = parseModel(parsePythonJson(config, CONFIG, limits), dialect);
  const weights = entries.get(WEIGHTS);
  if (weights === undefined) throw corrupt('the archive has no model.weights.h5');
  const file = await Hdf5.open(weights, limits);
  return {
    format: 'keras',
    model,
    writtenBy: version,
    close: () => file.close(),
    weights: { kind: 'tree', has: (place) => file.has(place), variables: (place) => variables(file, place) },
  };
}

/** `vars/0`, `vars/1`, …; numbered without gaps. */
function variables(file: Hdf5, place: string): Tensor[] {
  const count = file.names(place).length;
  return Array.from({ length: count }, (_, index) => file.tensor(`${place}/${index}`));
}
