import { commandArguments, ConfigError, MODEL_RUN_FLAGS } from '#libs/config';
import { loadModel, ModelError, type Model, type OutputTensor, type SampledOutput } from '#libs/keras-onnx';
import { EXIT, type PlainCommand } from './command.js';
import { readModelCase } from './model-case.js';
import { print, printError } from './terminal.js';

/** `models inspect FILE`: what a model file takes, answers and weighs, as JSON. */
export const inspectModel: PlainCommand = async (line) => {
  const { positionals } = commandArguments(line, {});
  return withModel(positionals[0] ?? '', async (model) => print(JSON.stringify(model.describe(), null, 2)));
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
    model = await loadModel(file, { inference: 'inline' });
    return await work(model);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    printError(`${file}: ${error.message.replaceAll(/\s+/g, ' ')}`);
    return exitOf(error);
  } finally {
    await model?.dispose();
  }
}

const misused = (fault: string): ConfigError => new ConfigError([fault], 'The command line');

function exitOf({ code }: ModelError): number {
  if (code === 'model_input') return EXIT.usage;
  return code === 'model_run_failed' ? EXIT.failed : EXIT.refused;
}
