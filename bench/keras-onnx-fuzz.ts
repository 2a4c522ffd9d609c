/**
 * Sends damaged model files of every container through the isolated compiler and counts what comes back. Anything but a model or a
 * `ModelError` that somebody thought of ends it with exit code 1; so does a file that kills the process, or takes all of its time.
 * The same seed damages the same files: `--from` goes on where a run was ended.
 * `node --conditions=development --import tsx bench/keras-onnx-fuzz.ts [--files 10000] [--from 0] [--seed 1]`
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readArchive } from '../libs/keras-onnx/src/containers/archive.js';
import { DEFAULT_LIMITS } from '../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../libs/keras-onnx/src/isolate/compile-file.js';
import { tinyKeras } from '../test/unit/keras-onnx/files.js';
import { FORESEEN, Fuzzer } from '../test/unit/keras-onnx/fuzzer.js';
import type { Seed, SeedFile } from '../test/unit/keras-onnx/mutations.js';
import { smallSeeds } from '../test/unit/keras-onnx/mutation-seeds.js';

/** Files of every container and layer group, where they are present; the large ones would cost time and show nothing more. */
const SHARED = ['../shared/fixtures/keras', '../shared/cases/keras'];
const LARGEST = 64 * 1024;
const SLOW_MS = 2_000;
const WANTED = ['config.json', 'metadata.json', 'model.weights.h5'];

const { values } = parseArgs({
  options: { files: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' } },
});
const [files, from, run] = [values.files ?? '10000', values.from ?? '0', values.seed ?? '1'].map(Number) as [
  number,
  number,
  number,
];

/** The graph that the library writes for a small model. */
async function compiledTiny(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'keras-onnx-fuzz-'));
  await writeFile(join(folder, 'tiny.keras'), await tinyKeras());
  const { onnx } = (await compileFile(join(folder, 'tiny.keras'), DEFAULT_LIMITS)).run;
  await rm(folder, { recursive: true });
  return onnx;
}

async function fileOf(name: string, bytes: Uint8Array): Promise<SeedFile> {
  const entries = name.endsWith('.keras')
    ? await readArchive(bytes, WANTED, DEFAULT_LIMITS).catch(() => undefined)
    : undefined;
  if (entries?.has('config.json') !== true) return { name, bytes };
  return { name, entries: [...entries].map(([entry, content]) => ({ name: entry, bytes: content })) };
}

async function sharedSeeds(): Promise<Seed[]> {
  const places = SHARED.filter((place) => existsSync(place));
  const listed = await Promise.all(places.map((place) => readdir(place, { recursive: true })));
  const paths = listed.flatMap((names, at) => names.map((one) => join(places[at] ?? '', one)));
  const found: Seed[] = [];
  for (const path of paths.toSorted()) {
    if (!/\.(keras|h5|onnx|json)$/.test(path) || /(\.case|_case|index)\.json$/.test(path)) continue;
    const bytes = await readFile(path);
    if (bytes.length > LARGEST) continue;
    if (path.endsWith('.json') && !/"(class_name|modelTopology)"/.test(bytes.toString('utf8', 0, 2_000)))
      continue;
    const beside = (await readdir(dirname(path))).filter((one) => /\.(bin|data|weights\.h5)$/.test(one));
    const others = beside.filter((one) => one !== basename(path));
    found.push({
      kind: path,
      open: [basename(path)],
      files: [
        await fileOf(basename(path), bytes),
        ...(await Promise.all(
          others.map(async (name) => ({ name, bytes: await readFile(join(dirname(path), name)) })),
        )),
      ],
    });
  }
  return found;
}

// The small ones of every container take every second turn.
const small = await smallSeeds(await compiledTiny());
const shared = await sharedSeeds();
const seeds =
  shared.length === 0 ? small : shared.flatMap((one, at) => [one, small[at % small.length] ?? one]);
const fuzzer = new Fuzzer();
const counts = new Map<string, number>();
const start = performance.now();
let faults = 0;
const told = (number: number): void =>
  console.log(
    `seed ${run}, files ${from} to ${number}: ${JSON.stringify(Object.fromEntries(counts))}, ` +
      `${((performance.now() - start) / 1_000).toFixed(0)} s, ${Math.round(process.memoryUsage.rss() / 1024 ** 2)} MiB`,
  );
console.log(`${small.length} kinds of containers and ${shared.length} files of others, seed ${run}`);
for (let number = from; number < from + files; number += 1) {
  const seed = seeds[number % seeds.length];
  if (seed === undefined) break;
  const { kind, detail, ms } = await fuzzer.outcome(seed, { run, number });
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const isFault = !FORESEEN.has(kind);
  if (isFault) faults += 1;
  if (isFault || ms > SLOW_MS)
    console.log(`file ${number} (${seed.kind}): ${kind} after ${ms.toFixed(0)} ms: ${detail}`);
  if ((number + 1) % 500 === 0) told(number);
}
fuzzer.close();
told(from + files - 1);
process.exitCode = faults > 0 ? 1 : 0;
