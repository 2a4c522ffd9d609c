import { cutHead } from '../foreign/cut-head.js';
import { openSession, portsOf } from '../runtime/session.js';
import type { Port } from '../graph/compile.js';
import type { Dim } from '../graph/dims.js';
import { toOrt } from '../runtime/tensors.js';
import type { CompiledModel } from './compile-file.js';

/**
 * Opens the graphs of a model once, so that a graph that crashes ONNX Runtime does it here, and reads the ports of a foreign
 * one from its session.
 */
export async function proven(model: CompiledModel): Promise<CompiledModel> {
  const fanned = model.sample;
  const parts = fanned?.shared?.head === undefined ? [] : Object.values(cutHead(fanned));
  for (const onnx of [fanned?.shared?.before, fanned?.onnx, ...parts])
    if (onnx !== undefined) await (await openSession(onnx, 1)).release();
  const session = await openSession(model.run.onnx, 1);
  if (model.format !== 'onnx') {
    await session.release();
    return model;
  }
  const [inputs, outputs] = [portsOf(session.inputMetadata), portsOf(session.outputMetadata)];
  const shapeless = new Set(model.onnx?.shapeless);
  const zeros = inputs.map(({ name, type, shape }) => {
    const dims = shapeless.has(name) ? [1] : shape.map((dim) => (typeof dim === 'number' ? dim : 1));
    const size = dims.reduce((product, dim) => product * dim, 1);
    return [name, toOrt(type, new Float32Array(size), dims, name)] as const;
  });
  // A foreign graph may take any memory or time; of what it answers to zeros only the lengths are used.
  const answers: Readonly<Record<string, { readonly dims: readonly number[] }>> = await session
    .run(Object.fromEntries(zeros))
    .catch(() => ({}));
  await session.release();
  const hidden = new Set(model.sample?.passes?.map(({ shape }) => shape));
  const ports = {
    inputs: inputs.map((port) => (shapeless.has(port.name) ? { ...port, anyShape: true } : port)),
    outputs: outputs
      .filter(({ name }) => !hidden.has(name))
      .map((port) =>
        port.shape.length > 0 ? port : { ...port, shape: lengthsOf(port, answers[port.name]) },
      ),
  };
  const sample = model.sample === undefined ? undefined : { ...model.sample, ...ports };
  return { ...model, run: { ...model.run, ...ports }, sample };
}

/** The lengths of an output that the file does not tell: those of the answer to one row of zeros, the first one left open. */
const lengthsOf = ({ name }: Port, answer: { readonly dims: readonly number[] } | undefined): Dim[] =>
  (answer?.dims ?? []).map((length, axis) => (axis === 0 && length === 1 ? `${name}:0` : length));
