import type { CompiledGraph } from '../graph/compile.js';
import { type Field, fieldText, intField, lengthField, readFields } from '../onnx/wire.js';
import { type ForeignNode, GRAPH, nodesOf, readForeign, TENSOR, writeForeign } from './model.js';

const FLOAT32 = 1;

/** A sampling graph in two files: what comes before the boundaries of its head, and the head. */
export function cutHead({ onnx, randoms, shared }: CompiledGraph): {
  readonly body: Uint8Array;
  readonly head: Uint8Array;
} {
  const { firstRandom = randoms.length, boundaries = [] } = shared?.head ?? {};
  const model = readForeign(onnx);
  const masks = new Set(randoms.slice(firstRandom).map(({ name }) => name));
  const late = new Set(masks);
  const nodes = nodesOf(model.graph);
  for (const { inputs, outputs } of nodes)
    if (inputs.some((name) => late.has(name))) for (const name of outputs) late.add(name);
  const isHead = (node: ForeignNode): boolean => node.outputs.some((name) => late.has(name));
  const others = model.graph.filter(({ number }) => number !== GRAPH.node);
  const body = [
    ...nodes.filter((node) => !isHead(node)).map(({ field }) => field),
    ...others.filter((field) => field.number !== GRAPH.output && !masks.has(nameOf(field))),
    ...boundaries.map((name) => edge(GRAPH.output, name)),
  ];
  const needed = neededFor(nodes.filter(isHead), new Set(boundaries), nodes);
  const used = new Set(needed.flatMap(({ inputs }) => inputs));
  const isInput = ({ number }: Field): boolean => number === GRAPH.input || number === GRAPH.initializer;
  const head = [
    ...needed.map(({ field }) => field),
    ...others.filter((field) => !isInput(field) || used.has(nameOf(field))),
    ...boundaries.map((name) => edge(GRAPH.input, name)),
  ];
  return { body: writeForeign(model, body), head: writeForeign(model, head) };
}

/** Those operators, and what they need that is not `given`, in the order of the graph. */
function neededFor(
  wanted: readonly ForeignNode[],
  given: ReadonlySet<string>,
  nodes: readonly ForeignNode[],
): ForeignNode[] {
  const names = new Set(wanted.flatMap(({ outputs }) => outputs));
  const needed = nodes.toReversed().filter(({ inputs, outputs }) => {
    if (!outputs.some((name) => names.has(name) && !given.has(name))) return false;
    for (const name of inputs) names.add(name);
    return true;
  });
  return needed.toReversed();
}

/** The name of an input, an output or a constant. */
function nameOf({ number, wire, bytes }: Field): string {
  if (wire !== 2 || ![GRAPH.input, GRAPH.output, GRAPH.initializer].some((one) => one === number)) return '';
  return fieldText(readFields(bytes), number === GRAPH.initializer ? TENSOR.name : 1);
}

/** A tensor of floats whose lengths are left open. */
const edge = (number: number, name: string): Field =>
  lengthField(number, [lengthField(1, name), lengthField(2, [lengthField(1, [intField(1, FLOAT32)])])]);
