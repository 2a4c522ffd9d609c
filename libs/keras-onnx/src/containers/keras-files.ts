import { basename } from 'node:path';
import { corrupt, tooLarge, unsupported } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';
import { parseModel } from '../graph/parse.js';
import type { Dialect, LayerSpec } from '../graph/spec.js';
import type { WeightSource } from '../graph/weights.js';
import { readArchive, vocabularyAt } from './archive.js';
import type { Hdf5 } from './hdf5.js';
import { upgradeKeras1, upgradeVariables } from './keras1.js';
import { type GraphSource, type ModelLimits, parsePythonJson } from './source.js';

const [CONFIG, METADATA, WEIGHTS] = ['config.json', 'metadata.json', 'model.weights.h5'] as const;

/** The entries of a `.keras` archive that are read. */
export const KERAS_ENTRIES: readonly string[] = [CONFIG, METADATA, WEIGHTS];

/** HDF5 is loaded when a file has some: compiled from WebAssembly, it is half of the time that a compiling process needs. */
export async function openHdf5(bytes: Uint8Array, limits: ModelLimits): Promise<Hdf5> {
  const { Hdf5: Reader } = await import('./hdf5.js');
  return Reader.open(bytes, limits);
}

/** Reads the `.keras` archive of Keras 3 (and the same layout of late Keras 2). */
export async function readKerasArchive(bytes: Uint8Array, limits: ModelLimits): Promise<GraphSource> {
  return readKerasEntries(await readArchive(bytes, KERAS_ENTRIES, limits), limits);
}

/** Reads the entries of such an archive, packed or not. */
export async function readKerasEntries(
  entries: ReadonlyMap<string, Uint8Array>,
  limits: ModelLimits,
): Promise<GraphSource> {
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
  const file = await openHdf5(weights, limits);
  return {
    format: 'keras',
    model,
    writtenBy: version,
    close: () => file.close(),
    weights: tree(file, textsOf(entries, limits)),
  };
}

/** The text of a file of the archive. */
const textsOf =
  (entries: ReadonlyMap<string, Uint8Array>, limits: ModelLimits) =>
  (place: string): string | undefined => {
    const bytes = entries.get(vocabularyAt(place));
    if (bytes !== undefined && bytes.length > limits.configBytes)
      throw tooLarge(`a vocabulary has ${bytes.length} bytes, the limit is ${limits.configBytes}`);
    return bytes && new TextDecoder('utf-8').decode(bytes);
  };

function tree(file: Hdf5, vocabulary: (place: string) => string | undefined = () => undefined): WeightSource {
  // `vars/0`, `vars/1`, …; numbered without gaps.
  const variables = (place: string): Tensor[] =>
    Array.from({ length: file.names(place).length }, (_, index) => file.tensor(`${place}/${index}`));
  const named = (place: string): Tensor | undefined => (file.has(place) ? file.tensor(place) : undefined);
  return { kind: 'tree', has: (place) => file.has(place), variables, named, vocabulary };
}

/** Whether a JSON text is an architecture: what `model.to_json()` writes. */
export const isArchitecture = (json: unknown): boolean =>
  isObject(json) && typeof json.class_name === 'string' && 'config' in json;

/** Names under which the weights of an architecture are looked for beside it, and the other way round. */
export function partnersOf(name: string): { weights: string[]; architectures: string[] } {
  const stem = basename(name).replace(/\.(json|h5|hdf5)$/i, '');
  const bare = stem.replace(/[._-]?(weights|config|architecture|model)$/i, '');
  const stems = [...new Set([stem, bare])].filter((one) => one !== '');
  return {
    weights: stems.flatMap((one) => [
      `${one}.weights.h5`,
      `${one}_weights.h5`,
      `${one}-weights.h5`,
      `${one}.h5`,
    ]),
    architectures: stems.flatMap((one) => [`${one}.json`, `${one}.config.json`, `${one}_config.json`]),
  };
}

/** Reads an architecture (JSON) and the weights that were saved without one. */
export async function readPair(
  json: unknown,
  weights: Uint8Array,
  limits: ModelLimits,
): Promise<GraphSource> {
  const about = isObject(json) ? json : {};
  const version = typeof about.keras_version === 'string' ? about.keras_version : undefined;
  const isNew = 'module' in about || version?.startsWith('3.') === true;
  const file = await openHdf5(weights, limits);
  const roots = /^(layers|_layer_checkpoint_dependencies)(\\|$)/;
  if (file.names('/').some((name) => roots.test(name))) {
    const model = parseModel(json, isNew ? 'keras3' : 'keras2');
    return { format: 'keras', model, writtenBy: version, close: () => file.close(), weights: tree(file) };
  }
  return flatSource(file, about, version, isNew, file.has('model_weights') ? 'model_weights' : '/');
}

/** Reads a whole-model HDF5 file of Keras 1, 2 or 3: `model_config` and the group `model_weights`. */
export async function readLegacyH5(file: Hdf5, limits: ModelLimits): Promise<GraphSource | undefined> {
  const config = file.attribute('/', 'model_config');
  if (typeof config !== 'string') return undefined;
  const written = file.attribute('/', 'keras_version');
  const version = typeof written === 'string' ? written : undefined;
  const json = parsePythonJson(config, 'model_config', limits);
  if (!file.has('model_weights')) throw corrupt('the HDF5 file has no group model_weights');
  return flatSource(file, json, version, version?.startsWith('3.') === true, 'model_weights');
}

/** The refusal of weights whose architecture is nowhere. */
export const weightsAlone = (): Error =>
  unsupported(
    'a file of weights alone',
    'save the whole model (model.save), or put its architecture (model.to_json()) beside it: NAME.json with NAME.weights.h5',
  );

function flatSource(
  file: Hdf5,
  json: unknown,
  version: string | undefined,
  isNew: boolean,
  root: string,
): GraphSource {
  const isFirst = version?.startsWith('1.') === true || version?.startsWith('0.') === true;
  const model = parseModel(isFirst ? upgradeKeras1(json) : json, isNew ? 'keras3' : 'keras2');
  const layers = new Set(namesOf(file, root, 'layer_names'));
  const read = (group: string): Tensor[] => {
    const named = namesOf(file, group, 'weight_names').map((name) => ({
      name,
      tensor: file.tensor(`${group}/${name}`),
    }));
    return isFirst ? upgradeVariables(named) : named.map(({ tensor }) => tensor);
  };
  const variables = (layer: LayerSpec): Tensor[] =>
    layers.has(layer.name) ? read(`${root}/${layer.name}`) : [];
  return {
    format: 'h5',
    model,
    writtenBy: version,
    close: () => file.close(),
    weights: { kind: 'flat', variables },
  };
}

/** Long lists are cut into `name0`, `name1`, … because an HDF5 header holds 64 KiB at most. */
function namesOf(file: Hdf5, group: string, key: string): string[] {
  const whole = file.attribute(group, key);
  if (whole !== undefined) return [whole].flat();
  const parts: string[] = [];
  for (let index = 0; ; index += 1) {
    const part = file.attribute(group, `${key}${index}`);
    if (part === undefined) return parts;
    parts.push(...[part].flat());
  }
}
