import type { CompiledGraph } from '../graph/compile.js';
import { fieldText } from '../onnx/wire.js';
import { classLabels } from './class-labels.js';
import { withinOneFile } from './external.js';
import { MODEL, nodesOf, readForeign, writeForeign } from './model.js';
import { trimPorts } from './ports.js';
import { seedRandoms } from './random.js';

/** What an ONNX file tells about itself and what was done to its edges. */
export interface OnnxFacts {
  /** The version of the standard operator set. */
  readonly opset: number;
  /** Outputs that are not answered: texts and lists of dictionaries. */
  readonly cut: readonly string[];
  /** Inputs that were declared without a shape. */
  readonly shapeless: readonly string[];
  /** The names of a classifier's classes, in the order of its probabilities; null for any other model. */
  readonly labels: readonly string[] | null;
}

/** An ONNX file that is ready for a session. */
export interface CompiledForeign {
  readonly writtenBy: string | undefined;
  readonly run: CompiledGraph;
  readonly sample: CompiledGraph | undefined;
  readonly onnx: OnnxFacts;
  /** The random operators that are seeded. */
  readonly random: readonly string[];
}

/**
 * Prepares an ONNX file of another tool: its numbers inside, its edges tensors of numbers, its randomness seeded. A file
 * that needs nothing of that is computed as the bytes it is. The ports are told by its session, which knows them best.
 */
export async function compileForeign(
  file: Uint8Array,
  readBeside: (name: string) => Promise<Uint8Array>,
): Promise<CompiledForeign> {
  const bytes = await withinOneFile(file, readBeside);
  const model = readForeign(bytes);
  const { graph, cut, shapeless } = trimPorts(model.graph);
  const seeded = seedRandoms(model, graph);
  const isAsWritten = seeded === null && graph.every((field, at) => field === model.graph[at]);
  const graphOf = (onnx: Uint8Array): CompiledGraph => ({ onnx, inputs: [], outputs: [], randoms: [] });
  const producer = [MODEL.producer, MODEL.producerVersion].map((number) => fieldText(model.fields, number));
  return {
    writtenBy: producer.join(' ').trim() || undefined,
    run: graphOf(isAsWritten ? bytes : writeForeign(model, seeded?.run ?? graph)),
    sample:
      seeded === null
        ? undefined
        : { ...graphOf(writeForeign(model, seeded.sample)), passes: seeded.randoms },
    onnx: { opset: model.opset, cut, shapeless, labels: classLabels(nodesOf(model.graph)) },
    random: seeded?.names ?? [],
  };
}
