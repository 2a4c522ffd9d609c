import { randomInt } from 'node:crypto';
import { ModelError, type SampledOutput, subclassNote, type TensorDescription } from '#libs/keras-onnx';
import { DTYPES, type NumberTensor, type TensorPort } from '#libs/open-inference';
import { PluginError, type TensorAnswer, type TensorModel, type TensorQuestion } from '#libs/plugin-sdk';
import { modelFault } from './model-file.js';
import { SEEDS, type ServedModel } from './served-model.js';
import type { ModelSource } from './served-models.js';

/** Behind the name of an output: the output of every random pass, with an axis for the passes behind that of the rows. */
const SAMPLES = '_samples';

const DATATYPES = new Map(Object.entries(DTYPES).map(([datatype, dtype]) => [dtype, datatype]));

/** The tensors of a model as it is now. */
export const tensorModelOf = async (source: ModelSource): Promise<TensorModel> =>
  describeTensors(await source.open());

/** Computes outputs when the model's turn comes. @throws PluginError `invalid_request` naming the tensor at fault */
export const inferFrom = (source: ModelSource, question: TensorQuestion): Promise<TensorAnswer> =>
  source.use((model) => inferTensors(model, question), question.signal);

const portOf = ({ name, shape, dtype }: TensorDescription): TensorPort => ({
  name,
  datatype: DATATYPES.get(dtype) ?? dtype,
  shape: shape.map((length) => length ?? -1),
});

/** The tensors of a model. Outputs are single floats, whatever its graph computes in; models with random layers also give their passes. */
function describeTensors({ model }: ServedModel): TensorModel {
  const { format, sha256, inputs, outputs, stochastic } = model.describe();
  const plain = outputs.map((output): TensorPort => ({ ...portOf(output), datatype: 'FP32' }));
  const passes = plain.map(({ name, shape: [rows = -1, ...rest] }): TensorPort => ({
    name: `${name}${SAMPLES}`,
    datatype: 'FP32',
    shape: [rows, -1, ...rest],
  }));
  return {
    platform: format,
    sha256,
    inputs: inputs.map(portOf),
    outputs: stochastic ? [...plain, ...passes] : plain,
  };
}

/**
 * Computes outputs from inputs. With `samples` the plain outputs are means over the passes.
 * @throws PluginError `invalid_request` naming the tensor at fault
 */
async function inferTensors(served: ServedModel, question: TensorQuestion): Promise<TensorAnswer> {
  const { model, file } = served;
  const { sha256, stochastic, facts } = model.describe();
  const note = subclassNote(facts);
  const told = note === null ? {} : { note };
  const about = describeTensors(served);
  refuseOtherInputs(about.inputs, question.inputs);
  const samples = stochastic ? question.samples : 0;
  const wanted = wantedOutputs(about.outputs, question.outputs, samples);
  const inputs = question.inputs.map(({ name, shape, numbers }) => ({ name, shape, data: numbers }));
  try {
    if (samples === 0) {
      const answers = await model.run(inputs);
      const outputs = answers
        .filter(({ name }) => wanted.includes(name))
        .map(({ name, shape, data }) => tensorOf(name, shape, data));
      return { sha256, outputs: inOrder(wanted, outputs), samples: 0, seed: null, ...told };
    }
    const seed = question.seed ?? randomInt(SEEDS);
    const keepSamples = wanted.some((name) => name.endsWith(SAMPLES));
    const answers = await model.sample(inputs, { samples, seed, keepSamples });
    const outputs = answers.flatMap((answer) => [
      tensorOf(answer.name, answer.shape, answer.mean),
      ...passesOf(answer, samples),
    ]);
    return { sha256, outputs: inOrder(wanted, outputs), samples, seed, ...told };
  } catch (error) {
    if (error instanceof ModelError && error.code === 'model_input')
      throw new PluginError('invalid_request', error.detail, { cause: error });
    throw modelFault(file, error);
  }
}

function refuseOtherInputs(ports: readonly TensorPort[], inputs: readonly NumberTensor[]): void {
  const told = ports.map(({ name, datatype }) => `${name} (${datatype})`).join(', ');
  for (const { name, datatype } of inputs) {
    const port = ports.find((one) => one.name === name);
    if (port === undefined)
      throw new PluginError('invalid_request', `there is no input "${name}"; the model takes ${told}`);
    if (port.datatype !== datatype)
      throw new PluginError('invalid_request', `the input "${name}" is ${port.datatype}, not ${datatype}`);
  }
  if (new Set(inputs.map(({ name }) => name)).size === ports.length && inputs.length === ports.length) return;
  throw new PluginError('invalid_request', `the model takes each of these inputs once: ${told}`);
}

function wantedOutputs(
  ports: readonly TensorPort[],
  asked: readonly string[] | null,
  samples: number,
): readonly string[] {
  const names = ports.map(({ name }) => name);
  if (asked === null) return samples > 0 ? names : names.filter((name) => !isPasses(name, names));
  for (const name of asked) {
    if (!names.includes(name))
      throw new PluginError(
        'invalid_request',
        `there is no output "${name}"; the model has ${names.join(', ')}`,
      );
    if (samples === 0 && isPasses(name, names))
      throw new PluginError('invalid_request', `the output "${name}" needs the parameter samples`);
  }
  return asked;
}

/** A model may have an output of its own with such a name. */
const isPasses = (name: string, names: readonly string[]): boolean =>
  name.endsWith(SAMPLES) && names.includes(name.slice(0, -SAMPLES.length));

const tensorOf = (name: string, shape: readonly number[], numbers: Float32Array): NumberTensor => ({
  name,
  datatype: 'FP32',
  shape,
  numbers,
});

/** From rows inside passes to passes inside rows. */
function passesOf({ name, shape, values }: SampledOutput, samples: number): readonly NumberTensor[] {
  if (values === undefined) return [];
  const [rows = 1, ...rest] = shape;
  const size = values.length / (samples * rows);
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1) {
    for (let pass = 0; pass < samples; pass += 1) {
      const from = (pass * rows + row) * size;
      turned.set(values.subarray(from, from + size), (row * samples + pass) * size);
    }
  }
  return [tensorOf(`${name}${SAMPLES}`, [rows, samples, ...rest], turned)];
}

const inOrder = (names: readonly string[], tensors: readonly NumberTensor[]): readonly NumberTensor[] =>
  names.flatMap((name) => tensors.find((tensor) => tensor.name === name) ?? []);
