/**
 * Sends mutated model files of every container through the isolated compiler and counts what comes back. Anything but a model or a
 * `ModelError` ends it with exit code 1, and so does an error that the compiler did not foresee.
 * `node --conditions=development --import tsx bench/keras-onnx-fuzz.ts [files] [first]`
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEFAULT_LIMITS } from '../libs/keras-onnx/src/containers/source.js';
import { readArchive } from '../libs/keras-onnx/src/containers/archive.js';
import { ModelError } from '../libs/keras-onnx/src/index.js';
import { compileFile } from '../libs/keras-onnx/src/isolate/compile-file.js';
import { Isolate } from '../libs/keras-onnx/src/isolate/isolate.js';
import { decodeModel } from '../libs/keras-onnx/src/isolate/protocol.js';
import { tinyKeras } from '../test/unit/keras-onnx/files.js';
import { mutate, type Seed } from '../test/unit/keras-onnx/mutations.js';

/** Files of every container and layer group, where they are present. */
const SHARED = ['../shared/fixtures/keras', '../shared/cases/keras'];
const LIMITS = { memoryBytes: 1024 ** 3, timeMs: 20_000, idleMs: 0 };
const files = Number(process.argv[2] ?? 10_000);
const first = Number(process.argv[3] ?? 0);
const folder = await mkdtemp(join(tmpdir(), 'keras-onnx-fuzz-'));
const outcomes = new Map<string, number>();

/** A file to damage, and what stands beside it. */
interface Case {
  readonly seed: Seed;
  readonly beside: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

async function seedOf(name: string, bytes: Uint8Array): Promise<Seed> {
  if (!name.endsWith('.keras')) return { name, bytes };
  const wanted = ['config.json', 'metadata.json', 'model.weights.h5'];
  const entries = await readArchive(bytes, wanted, DEFAULT_LIMITS).catch(() => undefined);
  if (entries?.size === undefined || !entries.has('config.json')) return { name, bytes };
  return { name, entries: [...entries].map(([entry, content]) => ({ name: entry, bytes: content })) };
}

async function cases(): Promise<Case[]> {
  const tiny = await tinyKeras();
  const path = join(folder, 'tiny.keras');
  await writeFile(path, tiny);
  const found: Case[] = [
    { seed: await seedOf('m.keras', tiny), beside: [] },
    { seed: { name: 'm.onnx', bytes: (await compileFile(path, DEFAULT_LIMITS)).run.onnx }, beside: [] },
  ];
  const places = SHARED.filter((place) => existsSync(place));
  const listed = await Promise.all(places.map((place) => readdir(place, { recursive: true })));
  for (const name of listed.flatMap((names, at) => names.map((one) => join(places[at] ?? '', one)))) {
    if (!/\.(keras|h5|onnx|json)$/.test(name) || /(\.case|_case|index)\.json$/.test(name)) continue;
    const bytes = await readFile(name);
    if (name.endsWith('.json') && !/"(class_name|modelTopology)"/.test(bytes.toString('utf8', 0, 2_000)))
      continue;
    const others = (await readdir(dirname(name))).filter((one) => /\.(bin|data|weights\.h5)$/.test(one));
    const beside = await Promise.all(
      others.map(async (one) => ({ name: one, bytes: await readFile(join(dirname(name), one)) })),
    );
    found.push({ seed: await seedOf(name.split(/[\\/]/).at(-1) ?? '', bytes), beside });
  }
  return found;
}

let isolate = new Isolate(LIMITS);

/** A process is asked again after a refusal too: only what ends it costs a new one. */
async function outcomeOf(path: string): Promise<string> {
  try {
    if (!isolate.isAlive) isolate = new Isolate(LIMITS);
    decodeModel(await isolate.ask({ path: [path], limits: DEFAULT_LIMITS, recipes: [] }));
    return 'model';
  } catch (error) {
    if (!(error instanceof ModelError)) return `UNTYPED ${String(error)}`;
    return error.detail.includes('cannot be compiled (') ? `UNFORESEEN ${error.detail}` : error.code;
  }
}

const all = await cases();
const containers = new Set(all.map(({ seed }) => seed.name.split('.').slice(1).join('.')));
console.log(`${all.length} files of the kinds ${[...containers].join(', ')}`);
let faults = 0;
for (let number = first; number < first + files; number += 1) {
  const one = all[number % all.length];
  if (one === undefined) continue;
  const place = join(folder, String(number));
  await mkdir(place);
  for (const { name, bytes } of one.beside) await writeFile(join(place, name), bytes);
  await writeFile(join(place, one.seed.name), mutate(one.seed, number));
  const outcome = await outcomeOf(join(place, one.seed.name));
  const kind = outcome.split(' ', 1)[0] ?? outcome;
  outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
  if (outcome.startsWith('UN')) faults += 1;
  if (outcome.startsWith('UN') || outcome === 'model_timeout')
    console.log(`file ${number} (${one.seed.name}): ${outcome}`);
  await rm(place, { recursive: true });
  if (number % 1_000 === 999) console.log(`${number + 1 - first} files`, Object.fromEntries(outcomes));
}
isolate.end();
await rm(folder, { recursive: true });
console.log(`${files} mutated files`, Object.fromEntries(outcomes));
process.exitCode = faults > 0 ? 1 : 0;
