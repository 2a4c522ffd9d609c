import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { isVocabulary } from '../containers/archive.js';
import {
  isArchitecture,
  KERAS_ENTRIES,
  openHdf5,
  partnersOf,
  readKerasArchive,
  readKerasEntries,
  readLegacyH5,
  readPair,
  weightsAlone,
} from '../containers/keras-files.js';
import { recognise, savedModel } from '../containers/recognise.js';
import {
  type GraphSource,
  type ModelFormat,
  type ModelLimits,
  parseArchitecture,
} from '../containers/source.js';
import { readTfjs } from '../containers/tfjs.js';
import { corrupt, ModelError, unsupported } from '../errors.js';
import { readForeign } from '../foreign/model.js';
import { compileForeign, type OnnxFacts } from '../foreign/compile-foreign.js';
import { type CompiledGraph, compileGraph } from '../graph/compile.js';
import { inWordsOf } from '../graph/in-words.js';
import { bindWeights } from '../graph/weights.js';
import { factsOf, foreignFacts, type ModelFacts } from './facts.js';
import { ModelFolder } from './read-files.js';

/** Everything the serving process needs of a model file. */
export interface CompiledModel {
  readonly format: ModelFormat;
  readonly name: string;
  readonly writtenBy: string | undefined;
  /** SHA-256 of the file and, after it, of the files beside it that belong to the model, in order. */
  readonly sha256: string;
  /** Names of the files read, beside each other. */
  readonly files: readonly string[];
  /** Of a model of several files: how long each is, and which names must not stand beside them for it to be this model. */
  readonly parts?: { readonly sizes: readonly number[]; readonly absent: readonly string[] } | undefined;
  readonly parameters: { readonly total: number; readonly trainable: number } | undefined;
  readonly run: CompiledGraph;
  /** The graph for sampling; undefined when nothing in the model is random. */
  readonly sample: CompiledGraph | undefined;
  /** Why a model with random layers cannot be sampled, when it cannot. */
  readonly sampleRefusal: string | undefined;
  readonly facts: ModelFacts;
  /** Of an ONNX file only. */
  readonly onnx?: OnnxFacts | undefined;
}

/**
 * Reads, parses and compiles a model. Meant to run in the isolated process; see `compileIsolated`.
 * @param path of the file or of an unpacked `.keras` folder, or two paths: an architecture (JSON) and its weights (HDF5)
 */
export async function compileFile(
  path: string | readonly string[],
  limits: ModelLimits,
): Promise<CompiledModel> {
  const [first = '', ...others] = [path].flat();
  const hash = createHash('sha256');
  const state = await stat(first).catch(() => undefined);
  const folder = new ModelFolder(first, state?.isDirectory() === true, limits.fileBytes, (bytes) =>
    hash.update(bytes),
  );
  const source = await readSource(folder, others, limits);
  const done = (model: Ready): CompiledModel => ({
    ...model,
    sha256: hash.digest('hex'),
    files: folder.files,
    parts:
      folder.files.length === 1 && !folder.isFolder
        ? undefined
        : { sizes: folder.sizes, absent: folder.absent },
  });
  if (!('weights' in source)) return done(source);
  try {
    return done(compileSource(source));
  } finally {
    source.close();
  }
}

type Ready = Omit<CompiledModel, 'sha256' | 'files' | 'parts'>;

async function readSource(
  folder: ModelFolder,
  others: readonly string[],
  limits: ModelLimits,
): Promise<GraphSource | Ready> {
  if (folder.isFolder) return readFolder(folder, limits);
  const bytes = await folder.first();
  const kind = recognise(bytes, folder.path);
  const partner = partnerOf(folder, others);
  if (partner !== undefined && kind !== 'json' && kind !== 'h5')
    throw unsupported(
      `a second file beside a ${kind} file`,
      'only an architecture (.json) has its weights in one',
    );
  if (kind === 'onnx') return readOnnx(bytes, folder);
  if (kind === 'zip') return readKerasArchive(bytes, limits);
  if (kind === 'h5') return readHdf5(bytes, folder, partner, limits);
  const json = parseArchitecture(bytes, folder.name, limits);
  if (!isArchitecture(json)) return readTfjs(json, (name) => folder.beside(name), limits);
  const weights = partner ?? (await firstOf(folder, partnersOf(folder.name).weights));
  if (weights === undefined) {
    const [example = ''] = partnersOf(folder.name).weights;
    throw unsupported(
      'an architecture without weights',
      `put them beside it as ${example}, or name both files`,
    );
  }
  return readPair(json, await folder.beside(weights), limits);
}

/** The second of two named files; it must stand in the folder of the first. */
function partnerOf(folder: ModelFolder, others: readonly string[]): string | undefined {
  const [other] = others;
  if (other === undefined) return undefined;
  if (others.length > 1 || dirname(other) !== dirname(folder.path))
    throw new ModelError(
      'model_input',
      'a model is one file, or two in one folder: an architecture (.json) and its weights (.h5)',
    );
  return basename(other);
}

async function firstOf(folder: ModelFolder, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if (await folder.has(name)) return name;
  return undefined;
}

/** The ports of a plain ONNX file are read from its session, which knows them best. */
async function readOnnx(bytes: Uint8Array, folder: ModelFolder): Promise<Ready> {
  const foreign = await compileForeign(bytes, (name) => folder.beside(name));
  const facts = foreignFacts(readForeign(foreign.run.onnx).graph, foreign.random);
  const { random: _, ...compiled } = foreign;
  return {
    format: 'onnx',
    name: 'onnx',
    parameters: undefined,
    sampleRefusal: undefined,
    facts,
    ...compiled,
  };
}

async function readFolder(folder: ModelFolder, limits: ModelLimits): Promise<GraphSource> {
  const names = await folder.names();
  if (names.includes('saved_model.pb') || names.includes('keras_metadata.pb')) throw savedModel();
  if (!names.includes('config.json'))
    throw unsupported(
      'a folder without config.json',
      'give the model file, or the folder of an unpacked .keras file',
    );
  const entries = new Map<string, Uint8Array>();
  for (const name of KERAS_ENTRIES) if (await folder.has(name)) entries.set(name, await folder.beside(name));
  for (const name of await folder.below('assets'))
    if (isVocabulary(name)) entries.set(name, await folder.beside(name));
  return readKerasEntries(entries, limits);
}

async function readHdf5(
  bytes: Uint8Array,
  folder: ModelFolder,
  partner: string | undefined,
  limits: ModelLimits,
): Promise<GraphSource> {
  const file = await openHdf5(bytes, limits);
  const whole = await readLegacyH5(file, limits);
  if (whole !== undefined) return whole;
  file.close();
  const architecture = partner ?? (await firstOf(folder, partnersOf(folder.name).architectures));
  if (architecture === undefined) throw weightsAlone();
  const json = parseArchitecture(await folder.beside(architecture), architecture, limits);
  if (!isArchitecture(json))
    throw corrupt(`the file ${architecture} beside the weights is no architecture of a model`);
  return readPair(json, bytes, limits);
}

/** Compiles both graphs of a model. */
export function compileSource(source: GraphSource): Ready {
  const said = <T>(compile: () => T): T => {
    try {
      return compile();
    } catch (error) {
      throw inWordsOf(source.model, error);
    }
  };
  const weights = said(() => bindWeights(source.model, source.weights));
  const run = said(() => compileGraph(source.model, weights, 'run'));
  const base = {
    format: source.format,
    name: source.model.name,
    writtenBy: source.writtenBy,
    parameters: weights.parameters,
    facts: factsOf(source, weights),
    run,
  };
  try {
    const sample = said(() => compileGraph(source.model, weights, 'sample'));
    return { ...base, sample: sample.randoms.length === 0 ? undefined : sample, sampleRefusal: undefined };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // What has nothing random in it needs no sampling graph, and some operations have none.
    const { stochasticLayers, customLayers } = base.facts;
    const isFixed = stochasticLayers.length === 0 && customLayers.length === 0;
    return { ...base, sample: undefined, sampleRefusal: isFixed ? undefined : error.detail };
  }
}
