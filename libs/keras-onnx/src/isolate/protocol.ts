import type { LayerRecipe } from '#libs/kernel';
import { corrupt, isModelErrorCode, ModelError } from '../errors.js';
import type { ModelLimits } from '../containers/source.js';
import type { CompiledGraph } from '../graph/compile.js';
import { isObject } from '../graph/layer-config.js';
import type { CompiledModel } from './compile-file.js';

/** What the serving process asks of the isolated one. */
export interface CompileRequest {
  readonly path: readonly string[];
  readonly limits: ModelLimits;
  /** Of custom layers, by class. */
  readonly recipes: readonly (readonly [string, LayerRecipe])[];
}

type Shared = NonNullable<CompiledGraph['shared']>;
type GraphHeader = Omit<CompiledGraph, 'onnx' | 'shared'> & {
  readonly bytes: number;
  readonly shared: (Omit<Shared, 'before'> & { readonly bytes: number | undefined }) | undefined;
};
type Answer =
  | {
      readonly model: Omit<CompiledModel, 'run' | 'sample'> & {
        run: GraphHeader;
        sample: GraphHeader | undefined;
      };
    }
  | {
      readonly error: { readonly code: string; readonly detail: string; readonly layer: string | undefined };
    };

/** One answer: the length of a JSON header (4 bytes, big-endian), the header, then the bytes of the graphs. */
export function encodeModel(model: CompiledModel): Buffer {
  const header = (graph: CompiledGraph): GraphHeader => ({
    inputs: graph.inputs,
    outputs: graph.outputs,
    randoms: graph.randoms,
    passes: graph.passes,
    bytes: graph.onnx.length,
    shared: graph.shared === undefined ? undefined : sharedHeader(graph.shared),
  });
  const { run, sample } = model;
  const answer: Answer = {
    model: { ...model, run: header(run), sample: sample === undefined ? undefined : header(sample) },
  };
  return frame(
    answer,
    [run.onnx, sample?.onnx, sample?.shared?.before].filter((bytes) => bytes !== undefined),
  );
}

const sharedHeader = ({ before, ...shared }: Shared) => ({ ...shared, bytes: before?.length });

/** Bytes in front of an answer in the stream of them. */
export const FRAME_BYTES = 8;

/** The answer with its length in front, by which the reader tells where it ends. */
export function withLength(answer: Buffer): Buffer {
  const length = Buffer.alloc(FRAME_BYTES);
  length.writeDoubleBE(answer.length);
  return Buffer.concat([length, answer]);
}

/** The length that stands in front of an answer. */
export const frameLength = (bytes: Buffer): number => bytes.readDoubleBE(0);

/** The answer for a refused file. */
export function encodeError(error: unknown): Buffer {
  const known =
    error instanceof ModelError
      ? error
      : corrupt(`the file cannot be compiled (${error instanceof Error ? error.name : 'unknown error'})`);
  return frame({ error: { code: known.code, detail: known.detail, layer: known.layer } }, []);
}

function frame(answer: Answer, blobs: readonly Uint8Array[]): Buffer {
  const json = Buffer.from(JSON.stringify(answer));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, ...blobs]);
}

/** Reads an answer. Throws the typed error it holds, or `model_corrupt` when the answer itself is cut off. */
export function decodeModel(bytes: Buffer): CompiledModel {
  const length = bytes.length < 4 ? 0 : bytes.readUInt32BE(0);
  if (length === 0 || bytes.length < 4 + length) throw corrupt('the compiler gave no answer');
  const answer = JSON.parse(bytes.toString('utf8', 4, 4 + length)) as Answer;
  if ('error' in answer) {
    const { code, detail, layer } = answer.error;
    throw new ModelError(isModelErrorCode(code) ? code : 'model_corrupt', detail, { layer });
  }
  if (!isObject(answer.model)) throw corrupt('the compiler gave no answer');
  let offset = 4 + length;
  const next = (size: number): Uint8Array => {
    const part = bytes.subarray(offset, offset + size);
    offset += size;
    if (part.length !== size) throw corrupt('the compiler gave half an answer');
    return part;
  };
  const graph = ({ bytes: size, shared, ...ports }: GraphHeader): CompiledGraph => {
    const onnx = next(size);
    if (shared === undefined) return { ...ports, onnx };
    const { bytes: early, ...rest } = shared;
    return { ...ports, onnx, shared: { ...rest, before: early === undefined ? undefined : next(early) } };
  };
  const { model } = answer;
  const run = graph(model.run);
  return { ...model, run, sample: model.sample === undefined ? undefined : graph(model.sample) };
}
