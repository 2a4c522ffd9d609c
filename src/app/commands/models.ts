import { open, writeFile, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isRecord, messageOf } from '#libs/kernel';
import {
  commandArguments,
  ConfigError,
  MODEL_CONVERT_FLAGS,
  MODEL_INSPECT_FLAGS,
  MODEL_RUN_FLAGS,
} from '#libs/config';
import {
  convertModel,
  loadModel,
  ModelError,
  registerRecipe,
  type Model,
  type OutputTensor,
  type SampledOutput,
  type InputTensor,
} from '#libs/keras-onnx';
import { checkServing } from '#libs/plugins';
import { EXIT, type PlainCommand, print, printError } from './command.js';
import { modelText } from './model-table.js';

/** `models inspect FILE [--json]`: what a model file takes, answers and is made of, and whether it would be served. */
export const inspectModel: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, MODEL_INSPECT_FLAGS);
  const [file = ''] = positionals;
  register(flags.custom_layers);
  return withModel(file, async (model) => {
    const description = model.describe();
    const serving = await checkServing(resolve(file), description);
    return print(
      flags.json === true
        ? JSON.stringify({ ...description, serving }, null, 2)
        : modelText(description, serving),
    );
  });
};

/** `models convert FILE OUT`: the graph of a model file as an ONNX file. */
export const convert: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, MODEL_CONVERT_FLAGS);
  const [file = '', out = ''] = positionals;
  register(flags.custom_layers);
  return told(file, async () => {
    const bytes = await convertModel(file);
    const exists = await writeFile(out, bytes, { flag: 'wx' }).catch((error: unknown) => messageOf(error));
    if (typeof exists === 'string') {
      printError(`${out} cannot be written: ${exists}; choose a name that is not there yet`);
      return EXIT.failed;
    }
    return print(`${out}: ${bytes.length} bytes`);
  });
};

/**
 * `models run FILE --input CASE.json [--mc_samples N --mc_seed S]`: the deterministic outputs as JSON, and with
 * `--mc_samples` the mean and population standard deviation of every output; those of the first also at the top.
 */
export const runModel: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, MODEL_RUN_FLAGS);
  if (flags.input === null) throw misused('--input is missing: the path of a JSON file with the inputs');
  if (flags.mc_seed !== null && !flags.mc_samples) {
    throw misused('--mc_seed requires --mc_samples: the seed applies only to those passes');
  }
  const inputs = await readModelCase(flags.input);
  register(flags.custom_layers);
  const [samples, seed] = [flags.mc_samples ?? 0, flags.mc_seed ?? 0];
  return withModel(positionals[0] ?? '', async (model) => {
    const outputs = await model.run(inputs);
    const spread = samples > 0 ? await model.sample(inputs, { samples, seed }) : [];
    return print(JSON.stringify({ ...answerOf(outputs, spread), ...(samples > 0 ? { samples, seed } : {}) }));
  });
};

function answerOf(outputs: readonly OutputTensor[], spread: readonly SampledOutput[]) {
  const listed = outputs.map(({ name, shape, data }, i) => {
    const one = spread[i];
    const sampled = one === undefined ? {} : { mean: numbers(one.mean), std: numbers(one.std) };
    return { name, shape, data: numbers(data), ...sampled };
  });
  const [first] = listed;
  return { outputs: listed, ...(first?.mean === undefined ? {} : { mean: first.mean, std: first.std }) };
}

/** Nine digits are what tells one 32-bit number from the next. */
const numbers = (data: Float32Array): number[] => Array.from(data, (value) => Number(value.toPrecision(9)));

/** Loads a model for one computation, in this thread: a second one would only cost time. */
async function withModel(file: string, work: (model: Model) => Promise<number>): Promise<number> {
  let model: Model | undefined;
  try {
    return await told(file, async () => {
      model = await loadModel(file, { inference: 'inline' });
      return work(model);
    });
  } finally {
    await model?.dispose();
  }
}

/** Recipes for this command. */
function register(recipes: Readonly<Record<string, string>> | null): void {
  for (const [className, recipe] of Object.entries(recipes ?? {})) {
    try {
      registerRecipe(className, recipe);
    } catch (error) {
      throw misused(`--custom_layers: ${messageOf(error)}`);
    }
  }
}

/** Work on a file; what the library has against it is one line. */
async function told(file: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    printError(`${file}: ${error.message.replaceAll(/\s+/g, ' ')}`);
    return exitOf(error);
  }
}

const misused = (fault: string): ConfigError => new ConfigError([fault], 'The command line');

function exitOf({ code }: ModelError): number {
  if (code === 'model_input') return EXIT.usage;
  return code === 'model_run_failed' ? EXIT.failed : EXIT.refused;
}

/** More text than this is no case any more but a data set. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Reads `{"inputs": [{"name"?, "shape", "data"}]}` from a file, or from standard input for `-`; other keys are left alone.
 * @throws ConfigError that names what is wrong and what is expected
 */
async function readModelCase(path: string): Promise<InputTensor[]> {
  const text = await (path === '-' ? readStandardInput() : readCaseFile(path));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault(path, `is not JSON (${messageOf(error)})`);
  }
  const inputs = isRecord(value) ? value['inputs'] : undefined;
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw fault(path, 'must be an object whose "inputs" is a list of {"name", "shape", "data"}');
  }
  return inputs.map((input: unknown, i) => checkInput(path, `inputs[${i}]`, input));
}

function checkInput(path: string, place: string, input: unknown): InputTensor {
  if (!isRecord(input)) throw fault(path, `${place} must be an object with "shape" and "data"`);
  const { name, shape, data } = input;
  if (name !== undefined && name !== null && typeof name !== 'string') {
    throw fault(path, `${place}.name must be text`);
  }
  if (!isNumbers(shape) || !shape.every((length) => Number.isSafeInteger(length) && length > 0)) {
    throw fault(
      path,
      `${place}.shape must be a list of positive integers that starts with the number of rows`,
    );
  }
  if (!isNumbers(data)) throw fault(path, `${place}.data must be a flat list of numbers in row order`);
  return { name: name ?? undefined, shape, data };
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > MOST_BYTES) throw tooLarge('-');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readCaseFile(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const stats = await file.stat();
    if (!stats.isFile()) throw fault(path, 'is not a regular file');
    if (stats.size > MOST_BYTES) throw tooLarge(path);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw fault(path, code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`);
  } finally {
    await file?.close();
  }
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');
const fault = (path: string, text: string): ConfigError =>
  new ConfigError([`--input ${path} ${text}`], 'The command line');
const tooLarge = (path: string): ConfigError => fault(path, `is larger than ${MOST_BYTES / 1024 / 1024} MiB`);
