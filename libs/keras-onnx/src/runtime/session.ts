import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { messageOf } from '#libs/kernel';
import { ModelError } from '../errors.js';
import type { Port } from '../graph/compile.js';
import type { Dim } from '../graph/dims.js';
import type { ElementType } from '../onnx/builder.js';

/** Types of tensors that numbers are given and answered as. */
const NUMBERS: ReadonlySet<string> = new Set<ElementType>([
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
]);
const isNumbers = (type: string): type is ElementType => NUMBERS.has(type);

/** Opens a session; `threads` 0 lets ONNX Runtime choose. */
export function openSession(onnx: Uint8Array, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(onnx, {
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // 4 is fatal: errors arrive as exceptions, so nothing needs to be printed as well.
    logSeverityLevel: 4,
  }).catch((error: unknown) => {
    throw new ModelError(
      'model_unsupported',
      `ONNX Runtime refuses the graph of the file: ${firstLine(error)}; export the model anew`,
      {
        cause: error,
      },
    );
  });
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0]?.slice(0, 200) ?? '';
}

/** The ports of a session whose graph was not compiled here. */
export function portsOf(metadata: readonly InferenceSession.ValueMetadata[]): Port[] {
  return metadata.map((one) => {
    if (!one.isTensor || !isNumbers(one.type)) {
      const what = one.isTensor ? `a tensor of ${one.type || 'a type'}` : 'no tensor';
      throw new ModelError(
        'model_unsupported',
        `the ONNX value '${one.name}' is ${what}, which is not supported; export it as a tensor of float32`,
      );
    }
    const shape = one.shape.map((dim, axis): Dim =>
      typeof dim === 'number' ? dim : dim === '' ? `${one.name}:${axis}` : dim,
    );
    return { name: one.name, type: one.type, shape };
  });
}

/** Computes outputs of a session, all by default. */
export async function compute(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  wanted: readonly string[] = session.outputNames,
): Promise<InferenceSession.OnnxValueMapType> {
  return session.run(feeds, wanted).catch((error: unknown) => {
    throw new ModelError(
      'model_run_failed',
      `ONNX Runtime could not run the model file: ${firstLine(error)}; give other inputs, or export the model anew`,
      {
        cause: error,
      },
    );
  });
}

/** One of the answers. */
export function take(answers: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const answer = answers[name];
  if (answer === undefined)
    throw new ModelError('model_run_failed', `the model gave no output '${name}'; export it anew`);
  return answer as Tensor;
}
