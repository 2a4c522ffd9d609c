import type { GraphParts, NodeParts } from '../onnx/builder.js';
import { divideDims, sameDim, SAMPLES, sizeOf } from './dims.js';
import { headOf, type HeadPart, reachedFrom, usesOf } from './head.js';
import { dependsOnSamples, isFanned, type RandomInput, type Value } from './emitter.js';

/** A tensor that is computed once for a row and then used by every sample. */
export interface Boundary {
  readonly name: string;
  /** Its first axis is the row: several rows may stand behind each other there. */
  readonly isRow: boolean;
}

/** What the rest of a sampling graph takes from its first part. */
export interface SharedPart {
  readonly boundaries: readonly Boundary[];
  /** The most elements that a tensor of the rest has for one sample; undefined where that is only known at run time. */
  readonly largest: number | undefined;
  /** The end of the rest that may be drawn more often; absent where there is none that is cheap. */
  readonly head?: HeadPart;
}

/** A sampling graph in two: what comes before the first random layer of each path, and the rest. */
interface SplitGraph extends SharedPart {
  /** Undefined where nothing comes before. */
  readonly before: GraphParts | undefined;
  readonly rest: GraphParts;
  readonly randoms: readonly RandomInput[];
}

/** The nodes that the wanted values need. */
function neededFor(wanted: Iterable<string>, nodes: readonly NodeParts[]): NodeParts[] {
  const names = new Set(wanted);
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((one) => names.has(one))) return false;
      for (const name of usesOf(node)) names.add(name);
      return true;
    })
    .toReversed();
}

/**
 * Splits a sampling graph, so that a row's deterministic part is computed once however many chunks its samples take. Where a
 * dropout mask does nothing but multiply a tensor of the first part, the mask is drawn on that tensor itself (`base`).
 */
export function splitAtRandoms(
  graph: GraphParts,
  randoms: readonly RandomInput[],
  values: ReadonlyMap<string, Value>,
): SplitGraph {
  const names = new Set(randoms.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !names.has(name));
  const fanned = reachedFrom(names, graph.nodes);
  const fixed = reachedFrom(
    inputs.map(({ name }) => name),
    graph.nodes,
  );
  const isBehind = (node: NodeParts): boolean => node.outputs.some((one) => fanned.has(one));
  const behind = graph.nodes.filter(isBehind);
  const ends = graph.outputs.map(({ name }) => name);
  const read = [...behind.flatMap(usesOf), ...ends];
  const crossing = new Set(
    read.filter((name) => !fanned.has(name) && (fixed.has(name) || ends.includes(name))),
  );
  const based = randoms.map((random) => baseOf(random, behind, crossing, values));
  const merged = new Map(
    based.flatMap(({ node, random }) => (node === undefined ? [] : [[node, random.name]])),
  );
  const fannedEnds = ends.filter((name) => fanned.has(name));
  const later = neededFor(
    fannedEnds,
    graph.nodes
      .filter((node) => isBehind(node) || !node.outputs.some((one) => fixed.has(one)))
      .map((node) => {
        const name = merged.get(node);
        return name === undefined ? node : { ...node, op: 'Identity', inputs: [name] };
      }),
  );
  const earlier = neededFor(
    crossing,
    graph.nodes.filter((node) => !isBehind(node)),
  );
  const head = headOf({ nodes: later, randoms, outputs: fannedEnds }, values);
  const entering = new Set(later.flatMap(usesOf));
  const boundaries = [...crossing].map((name) => ({ name, isRow: isRow(values.get(name)) }));
  // What the emitter has not named as a tensor of the model is a length or an output.
  const types = new Map(graph.outputs.map(({ name, type }) => [name, type]));
  const info = (name: string) => ({
    name,
    type: values.get(name)?.type ?? types.get(name) ?? ('int64' as const),
  });
  return {
    before:
      earlier.length === 0
        ? undefined
        : {
            ...part(graph, earlier),
            inputs,
            outputs: [...crossing].filter((name) => !inputs.some((one) => one.name === name)).map(info),
          },
    rest: {
      ...part(graph, later),
      inputs: [
        ...boundaries
          .filter(({ name }) => entering.has(name))
          .map((one) => ({ ...info(one.name), ...dimsOf(one, values) })),
        ...graph.inputs.filter(({ name }) => names.has(name)),
      ],
      outputs: graph.outputs.filter(({ name }) => fanned.has(name)),
    },
    boundaries,
    largest: largestOf(values, crossing),
    ...(head !== undefined && { head }),
    randoms: based.map(({ random }) => random),
  };
}

function largestOf(values: ReadonlyMap<string, Value>, crossing: ReadonlySet<string>): number | undefined {
  let largest = 0;
  for (const value of values.values()) {
    if (!isFanned(value) && !crossing.has(value.name)) continue;
    const size = divideDims(sizeOf(value.shape), isFanned(value) ? SAMPLES : 1);
    if (typeof size !== 'number') return undefined;
    largest = Math.max(largest, size);
  }
  return largest;
}

const part = (graph: GraphParts, nodes: readonly NodeParts[]) => {
  const used = new Set(nodes.flatMap(usesOf));
  return { name: graph.name, nodes, initializers: graph.initializers.filter(({ name }) => used.has(name)) };
};

/** Lengths at run time have no rows, whatever their length is. */
const isRow = (value: Value | undefined): boolean =>
  value !== undefined && value.shape[0] === 1 && (value.shape.length > 1 || value.type !== 'int64');

/** The lengths of a boundary, where they are known; the first one of rows is left open. */
const dimsOf = (
  { name, isRow: open }: Boundary,
  values: ReadonlyMap<string, Value>,
): { dims?: (number | string)[] } => {
  const dims = values
    .get(name)
    ?.shape.map((dim, axis) => (typeof dim === 'number' && !(open && axis === 0) ? dim : `${name}_${axis}`));
  return dims === undefined ? {} : { dims };
};

/** The tensor that a mask is drawn on, and the multiplication that this spares. */
function baseOf(
  random: RandomInput,
  behind: readonly NodeParts[],
  crossing: ReadonlySet<string>,
  values: ReadonlyMap<string, Value>,
): { readonly random: RandomInput; readonly node?: NodeParts } {
  const [node, ...others] = behind.filter((one) => usesOf(one).includes(random.name));
  if (random.distribution.kind !== 'bernoulli' || node?.op !== 'Mul' || others.length > 0) return { random };
  const base = node.inputs.find((name) => name !== random.name);
  const value = base === undefined || !crossing.has(base) ? undefined : values.get(base);
  const [first, ...rest] = random.shape;
  const fits =
    value !== undefined &&
    first === SAMPLES &&
    value.type === 'float32' &&
    value.shape.length === rest.length + 1 &&
    value.shape[0] === 1 &&
    rest.every((dim, axis) => sameDim(dim, value.shape[axis + 1] ?? -1) && !dependsOnSamples(dim));
  return fits ? { random: { ...random, base: value.name }, node } : { random };
}
