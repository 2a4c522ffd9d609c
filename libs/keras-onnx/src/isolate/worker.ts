import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { openSession, portsOf } from '../runtime/engine.js';
import { toOrt } from '../runtime/tensors.js';
import { compileFile, type CompiledModel } from './compile-file.js';
import { encodeError, encodeModel, type CompileRequest } from './protocol.js';

/**
 * The isolated process: reads a request from its standard input, compiles, opens the graphs once – so that a graph that
 * crashes ONNX Runtime crashes it here – and answers on file descriptor 3.
 */
const ANSWER = 3;

async function compile(): Promise<Buffer> {
  try {
    const { path, limits } = JSON.parse(await text(process.stdin)) as CompileRequest;
    return encodeModel(await proven(await compileFile(path, limits)));
  } catch (error) {
    return encodeError(error);
  }
}

async function proven(model: CompiledModel): Promise<CompiledModel> {
  if (model.sample !== undefined) await (await openSession(model.sample.onnx, 1)).release();
  const session = await openSession(model.run.onnx, 1);
  if (model.format !== 'onnx') return model;
  const [inputs, outputs] = [portsOf(session.inputMetadata), portsOf(session.outputMetadata)];
  const zeros = inputs.map(({ name, type, shape }) => {
    const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
    const size = dims.reduce((product, dim) => product * dim, 1);
    return [name, toOrt(type, new Float32Array(size), dims, name)] as const;
  });
  // A foreign graph may take any memory or time; what it answers to zeros does not matter, only that it comes back.
  await session.run(Object.fromEntries(zeros)).catch(() => undefined);
  return { ...model, run: { ...model.run, inputs, outputs } };
}

const answer = await compile();
for (let sent = 0; sent < answer.length;) sent += writeSync(ANSWER, answer, sent);
// ONNX Runtime's and h5wasm's own threads must not keep the process.
process.exit(0);
