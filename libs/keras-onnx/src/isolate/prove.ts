import { openSession, portsOf } from '../runtime/session.js';
import { toOrt } from '../runtime/tensors.js';
import type { CompiledModel } from './compile-file.js';

/**
 * Opens the graphs of a model once, so that a graph that crashes ONNX Runtime does it here, and reads the ports of a foreign
 * one from its session.
 */
export async function proven(model: CompiledModel): Promise<CompiledModel> {
  for (const onnx of [model.sample?.shared?.before, model.sample?.onnx])
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
  // A foreign graph may take any memory or time; what it answers to zeros does not matter, only that it comes back.
  await session.run(Object.fromEntries(zeros)).catch(() => undefined);
  await session.release();
  const hidden = new Set(model.sample?.passes?.map(({ shape }) => shape));
  const ports = {
    inputs: inputs.map((port) => (shapeless.has(port.name) ? { ...port, anyShape: true } : port)),
    outputs: outputs.filter(({ name }) => !hidden.has(name)),
  };
  const sample = model.sample === undefined ? undefined : { ...model.sample, ...ports };
  return { ...model, run: { ...model.run, ...ports }, sample };
}
