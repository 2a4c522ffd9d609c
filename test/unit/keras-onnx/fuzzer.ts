import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { ModelError } from '../../../libs/keras-onnx/src/index.js';
import { Isolate } from '../../../libs/keras-onnx/src/isolate/isolate.js';
import { decodeModel } from '../../../libs/keras-onnx/src/isolate/protocol.js';
import { mutate, type Seed, whole } from './mutations.js';

const LIMITS = { memoryBytes: 1024 ** 3, timeMs: 60_000, idleMs: 0 };
/** What HDF5 keeps of each file would be held against a later one. */
const FILES_OF_ONE_PROCESS = 1_000;

/** What came of one damaged model. Anything but `model` and the code of a refusal is a fault. */
export interface Outcome {
  readonly kind: string;
  readonly detail: string;
  readonly ms: number;
}

/** A typed refusal that somebody thought of; the rest is a finding. */
export const FORESEEN: ReadonlySet<string> = new Set([
  'model',
  'model_corrupt',
  'model_unsupported',
  'model_too_large',
  'model_not_found',
  'model_input',
]);

const PLACES =
  /^(layer '|operation \w+|an? |the (archive|file|folder|model|part|group|weight|attribute|HDF5|ONNX|input))|HDF5|config\.json|model\.json|\w is no JSON|ONNX|model_config|archive|one folder|there is no such file/;

/** Whether a message names the layer or the part of the file, and what would help. */
export const saysWhereAndHow = (detail: string): boolean =>
  PLACES.test(detail) && /; \S.{6,}$|one file, or two/.test(detail);

/** Sends damaged models through one isolated process after the other. */
export class Fuzzer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'keras-onnx-fuzz-'));
  #isolate = new Isolate(LIMITS);
  #files = 0;
  #placed = 0;

  /** What comes of a model: whole, or damaged by this number of this run. */
  async outcome(seed: Seed, damage?: { readonly run: number; readonly number: number }): Promise<Outcome> {
    const place = join(this.#folder, String((this.#placed += 1)));
    const files = damage === undefined ? whole(seed) : mutate(seed, damage.run, damage.number);
    mkdirSync(place);
    for (const { name, bytes } of files) writeFileSync(join(place, name), bytes);
    const paths = seed.open.map((name) => join(place, name));
    const used = this.#files > 0;
    const first = await this.#ask(paths);
    // What an earlier file left in the process is no fault of this one.
    const outcome = used && !FORESEEN.has(first.kind) ? await this.#ask(paths) : first;
    rmSync(place, { recursive: true });
    return outcome;
  }

  close(): void {
    this.#isolate.end();
    rmSync(this.#folder, { recursive: true });
  }

  async #ask(path: readonly string[]): Promise<Outcome> {
    if (!this.#isolate.isAlive || this.#files >= FILES_OF_ONE_PROCESS) {
      this.#isolate.end();
      this.#isolate = new Isolate(LIMITS);
      this.#files = 0;
    }
    this.#files += 1;
    const start = performance.now();
    const done = (kind: string, detail = ''): Outcome => ({ kind, detail, ms: performance.now() - start });
    try {
      decodeModel(await this.#isolate.ask({ path, limits: DEFAULT_LIMITS, recipes: [] }));
      return done('model');
    } catch (error) {
      if (!(error instanceof ModelError)) return done('untyped', String(error));
      if (error.detail.includes('cannot be compiled (')) return done('unforeseen', error.detail);
      if (!this.#isolate.isAlive) return done(`died: ${error.code}`, error.detail);
      return done(saysWhereAndHow(error.detail) ? error.code : 'unclear', error.detail);
    }
  }
}
