import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { TfjsArtifacts } from './tfjs-library.js';

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly unknown[];
  }[];
}

/**
 * Reads a TensorFlow.js layers model that was checked before: its SHA-256 over model.json and the shards in order must
 * still be the one of that check, so a file that was changed in between is never computed.
 */
export async function readCheckedTfjs(path: string, sha256: string): Promise<TfjsArtifacts> {
  const hash = createHash('sha256');
  const json = await readFile(path);
  hash.update(json);
  const { modelTopology, weightsManifest } = JSON.parse(json.toString('utf8')) as ModelJson;
  const shards: Buffer[] = [];
  for (const shard of weightsManifest.flatMap(({ paths }) => paths)) {
    if (basename(shard) !== shard) throw new Error('a shard lies outside the folder of model.json');
    const bytes = await readFile(join(dirname(path), shard));
    hash.update(bytes);
    shards.push(bytes);
  }
  if (hash.digest('hex') !== sha256) throw new Error('the model file changed while it was loaded');
  const weights = Buffer.concat(shards);
  return {
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: new Uint8Array(weights).buffer,
  };
}

const UNSEEDED = ['GaussianNoise', 'GaussianDropout', 'AlphaDropout'];

/**
 * Why TensorFlow.js can't sample a model as it should: it has one switch for all of training, which batch normalization
 * follows too, and only plain dropout layers take a seed. Null where it can.
 */
export function tfjsSamplingRefusal(topology: object, topLevelDropouts: number): string | null {
  let dropouts = 0;
  let reason: string | null = null;
  JSON.stringify(topology, (key, value: unknown) => {
    if (key === 'class_name' && (value === 'Dropout' || value === 'SpatialDropout1D')) dropouts += 1;
    if (key === 'class_name' && value === 'BatchNormalization') {
      reason = 'its batch normalization would follow the batch while dropout is active';
    }
    const isUnseeded = key === 'class_name' && UNSEEDED.includes(String(value));
    const isRecurrent = (key === 'dropout' || key === 'recurrent_dropout') && Number(value) > 0;
    if (isUnseeded || isRecurrent) reason = 'it has random layers without a seed';
    return value;
  });
  if (reason === null && dropouts !== topLevelDropouts) reason = 'it has dropout inside of other layers';
  return reason === null ? null : `TensorFlow.js can't sample this model: ${reason}; model_runtime onnx can`;
}
