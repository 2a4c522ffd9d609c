/**
 * Sends mutated model files through the isolated compiler and counts what comes back. Anything but a model or a
 * `ModelError` ends it with exit code 1. `node --conditions=development --import tsx bench/keras-onnx-fuzz.ts [files] [first]`
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../libs/keras-onnx/src/containers/source.js';
import { readArchive } from '../libs/keras-onnx/src/containers/archive.js';
import { loadModel, ModelError } from '../libs/keras-onnx/src/index.js';
import { compileFile } from '../libs/keras-onnx/src/isolate/compile-file.js';
import { tinyKeras } from '../test/unit/keras-onnx/files.js';
import { mutate, type Seed } from '../test/unit/keras-onnx/mutations.js';

const SHARED = '../shared/fixtures/keras';
const files = Number(process.argv[2] ?? 2_000);
const first = Number(process.argv[3] ?? 0);
const folder = await mkdtemp(join(tmpdir(), 'keras-onnx-fuzz-'));
const outcomes = new Map<string, number>();

async function seeds(): Promise<Seed[]> {
  const tiny = await tinyKeras();
  const archives = [tiny];
  const found: Seed[] = [];
  if (existsSync(SHARED)) {
    for (const name of [
      'bilstm_gru.keras',
      'transformer_encoder.keras',
      'cnn_causal.keras',
      'two_inputs.keras',
    ])
      archives.push(await readFile(join(SHARED, name)));
    found.push({ name: 'm.h5', bytes: await readFile(join(SHARED, 'bilstm_gru.h5')) });
  }
  for (const bytes of archives) {
    const entries = await readArchive(
      bytes,
      ['config.json', 'metadata.json', 'model.weights.h5'],
      DEFAULT_LIMITS,
    );
    found.push({
      name: 'm.keras',
      entries: [...entries].map(([name, content]) => ({ name, bytes: content })),
    });
  }
  const path = join(folder, 'tiny.keras');
  await writeFile(path, tiny);
  found.push({ name: 'm.onnx', bytes: (await compileFile(path, DEFAULT_LIMITS)).run.onnx });
  return found;
}

/** Loads one file and, when it loads, runs it once on ones. */
async function outcomeOf(path: string): Promise<string> {
  try {
    const model = await loadModel(path, { isolation: { timeMs: 20_000, memoryBytes: 1024 ** 3 } });
    const ones = model.describe().inputs.map(({ shape }) => {
      const dims = shape.map((dim) => dim ?? 1);
      return { shape: dims, data: new Float32Array(dims.reduce((size, dim) => size * dim, 1)).fill(1) };
    });
    const answer = await model.run(ones).then(
      () => 'model',
      (error: unknown) => (error instanceof ModelError ? `model, ${error.code}` : 'UNTYPED'),
    );
    await model.dispose();
    return answer;
  } catch (error) {
    if (error instanceof ModelError) return error.code;
    console.log(error);
    return 'UNTYPED';
  }
}

const all = await seeds();
let next = first;
const worker = async (): Promise<void> => {
  while (next < first + files) {
    const number = next++;
    const seed = all[number % all.length];
    if (seed === undefined) continue;
    const path = join(folder, `${number}-${seed.name}`);
    await writeFile(path, mutate(seed, number));
    const outcome = await outcomeOf(path);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (outcome === 'UNTYPED') console.log(`file ${number} (${seed.name}): ${outcome}`);
    await rm(path);
    if (number % 200 === 199) console.log(`${number + 1 - first} files`, Object.fromEntries(outcomes));
  }
};
await Promise.all([worker(), worker()]);
await rm(folder, { recursive: true });
console.log(`${files} mutated files`, Object.fromEntries(outcomes));
process.exitCode = outcomes.has('UNTYPED') ? 1 : 0;
