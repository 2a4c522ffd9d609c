import type { NodeParts } from '../onnx/builder.js';
import { divideDims, SAMPLES, sizeOf } from './dims.js';
import { isFanned, type RandomInput, type Value } from './emitter.js';

/** The cheap end of a sampling graph, which can be drawn several times for each pass through the rest. */
export interface HeadPart {
  /** Its random inputs are those from this number on. */
  readonly firstRandom: number;
  /** What it reads of the part before it, the samples on the first axis. */
  readonly boundaries: readonly string[];
}

/** Draws of the head for each pass through the body. */
export const HEAD_DRAWS = 16;
/** All draws of a head together cost at most this share of its body, by the estimate below. */
const SHARE = 1 / 8;
/** An element of a mask or of an elementwise operator costs about as much as this many products of a matrix. */
const ELEMENT_COST = 8;
const PRODUCTS = new Set(['MatMul', 'Gemm', 'LSTM', 'GRU', 'RNN', 'Conv']);
/** What an operator of these costs is not told by the length of its answer. */
const OPAQUE = new Set(['LSTM', 'GRU', 'RNN', 'Scan', 'Loop', 'If', 'Conv', 'ConvTranspose', 'Einsum']);

/** The names that a node reads, those of the graphs inside it too. */
export function usesOf(node: NodeParts): string[] {
  const inside = Object.values(node.attributes).flatMap((one) => ('graph' in one ? one.graph.nodes : []));
  return [...node.inputs, ...inside.flatMap(usesOf)];
}

/** The names that can be reached from `names`, node by node. */
export function reachedFrom(names: Iterable<string>, nodes: readonly NodeParts[]): Set<string> {
  const reached = new Set(names);
  for (const node of nodes)
    if (usesOf(node).some((name) => reached.has(name))) for (const one of node.outputs) reached.add(one);
  return reached;
}

interface Rest {
  readonly nodes: readonly NodeParts[];
  readonly randoms: readonly RandomInput[];
  /** The outputs that samples reach. */
  readonly outputs: readonly string[];
}

/** The head with most random layers in it that is cheap enough; undefined where there is none. */
export function headOf(rest: Rest, values: ReadonlyMap<string, Value>): HeadPart | undefined {
  for (let first = 1; first < rest.randoms.length; first += 1) {
    const reached = reachedFrom(
      rest.randoms.slice(first).map(({ name }) => name),
      rest.nodes,
    );
    const head = headFrom(first, reached, rest, values);
    if (head !== undefined) return head;
  }
  return undefined;
}

function headFrom(
  firstRandom: number,
  reached: ReadonlySet<string>,
  { nodes, randoms, outputs }: Rest,
  values: ReadonlyMap<string, Value>,
): HeadPart | undefined {
  if (!outputs.every((name) => reached.has(name))) return undefined;
  const isHead = (node: NodeParts): boolean => node.outputs.some((name) => reached.has(name));
  const head = nodes.filter(isHead);
  const isOpaque = (node: NodeParts): boolean =>
    OPAQUE.has(node.op) || Object.values(node.attributes).some((one) => 'graph' in one);
  if (head.some(isOpaque)) return undefined;
  const early = randoms.slice(0, firstRandom).map(({ name }) => name);
  const ofBody = reachedFrom(early, nodes);
  const read = head.flatMap(({ inputs }) => inputs);
  const boundaries = [...new Set(read)].filter((name) => !reached.has(name) && ofBody.has(name));
  // A mask, or a length that was read off a tensor of the body, is none that can be repeated.
  const isPlain = boundaries.every((name) => {
    const value = values.get(name);
    return !early.includes(name) && value?.type === 'float32' && value.shape[0] === SAMPLES;
  });
  const ends = new Set(outputs);
  const cost = (part: readonly NodeParts[], drawn: readonly RandomInput[]): number =>
    part.reduce((sum, node) => sum + costOf(node, values, ends), 0) +
    drawn.reduce((sum, { shape }) => sum + ELEMENT_COST * perSample(shape), 0);
  const behind = cost(head, randoms.slice(firstRandom));
  const before = cost(
    nodes.filter((node) => !isHead(node)),
    randoms.slice(0, firstRandom),
  );
  // Lengths that are known at run time only make NaN, which is no less than anything.
  const isCheap = behind * HEAD_DRAWS <= before * SHARE;
  return isCheap && isPlain && boundaries.length > 0 ? { firstRandom, boundaries } : undefined;
}

/** An estimate of the multiplications for one sample. */
function costOf(node: NodeParts, values: ReadonlyMap<string, Value>, ends: ReadonlySet<string>): number {
  // An output of the model is another name of the tensor before it.
  if (node.outputs.every((name) => ends.has(name))) return 0;
  const depth = PRODUCTS.has(node.op) ? values.get(node.inputs[0] ?? '')?.shape.at(-1) : ELEMENT_COST;
  const size = node.outputs.reduce((sum, name) => {
    const value = values.get(name);
    return value === undefined || !isFanned(value) ? sum : sum + perSample(value.shape);
  }, 0);
  return size * (typeof depth === 'number' ? depth : Number.NaN);
}

function perSample(shape: Value['shape']): number {
  const size = divideDims(sizeOf(shape), SAMPLES);
  return typeof size === 'number' ? size : Number.NaN;
}
