import type { ModelSpec } from '../graph/spec.js';
import type { WeightSource } from '../graph/weights.js';
import { corrupt, tooLarge } from '../errors.js';

/** File formats that load. */
export type ModelFormat = 'keras' | 'h5' | 'tfjs' | 'onnx';

/** A model as its container holds it, before compiling. */
export interface GraphSource {
  readonly format: Exclude<ModelFormat, 'onnx'>;
  readonly model: ModelSpec;
  readonly weights: WeightSource;
  /** The version of Keras (or converter) that wrote the file, when it says so. */
  readonly writtenBy: string | undefined;
  /** Releases what `weights` reads from. */
  close(): void;
}

/** What a file may ask for. Everything declared is checked against these before memory is taken for it. */
export interface ModelLimits {
  /** Bytes of the file itself, and of all weight shards together. */
  readonly fileBytes: number;
  /** Entries of a `.keras` archive. */
  readonly archiveEntries: number;
  /** Bytes an archive entry may unpack to, and all that are read together. */
  readonly unpackedBytes: number;
  /** Unpacked over packed size of an archive entry. */
  readonly archiveRatio: number;
  /** Bytes of the configuration (JSON). */
  readonly configBytes: number;
  /** Numbers in all weights together. */
  readonly weightElements: number;
}

/** Sized for models of the field (up to about 100 million parameters). */
export const DEFAULT_LIMITS: ModelLimits = {
  fileBytes: 512 * 1024 * 1024,
  archiveEntries: 1_000,
  unpackedBytes: 512 * 1024 * 1024,
  archiveRatio: 200,
  configBytes: 64 * 1024 * 1024,
  weightElements: 128 * 1024 * 1024,
};

/** Parses an architecture; `json.dump(model.to_json(), file)` writes the text of one as a string, which is JSON in JSON. */
export function parseArchitecture(bytes: Uint8Array, what: string, limits: ModelLimits): unknown {
  const json = parsePythonJson(bytes, what, limits);
  return typeof json === 'string' ? parsePythonJson(json, what, limits) : json;
}

/** A string, or a bare word that Python writes and JSON does not know. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\b(?:Infinity|NaN)\b/g;

/** Stands for NaN while JSON is parsed: half of a character, which no text has. */
const NAN = '\ud800NaN';

/** Parses JSON as Python writes it: `Infinity` and `NaN` are legal there. */
export function parsePythonJson(bytes: Uint8Array | string, what: string, limits: ModelLimits): unknown {
  if (bytes.length > limits.configBytes)
    throw tooLarge(`${what} has ${bytes.length} bytes, the limit is ${limits.configBytes}`);
  const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8').decode(bytes);
  try {
    return JSON.parse(text);
  } catch (first) {
    if (!/Infinity|NaN/.test(text)) throw corrupt(`${what} is no JSON`, undefined, first);
  }
  const plain = text.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token;
    if (token === 'NaN') return '"\\ud800NaN"';
    return token.startsWith('-') ? '-1e999' : '1e999';
  });
  try {
    return JSON.parse(plain, (_key, value: unknown) => (value === NAN ? Number.NaN : value));
  } catch (second) {
    throw corrupt(`${what} is no JSON`, undefined, second);
  }
}
