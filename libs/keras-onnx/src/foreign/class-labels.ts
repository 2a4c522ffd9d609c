import { intsOf } from '../onnx/wire.js';
import { ATTRIBUTE, type ForeignNode, sound } from './model.js';

/** Attributes under which the operators of classifiers (`ai.onnx.ml`) keep the names of their classes. */
const NAMES = ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints'];
const TEXTS = 9;

/**
 * The names of the classes of a classifier, in the order of its probabilities; null where the graph names none, or has
 * several classifiers that differ.
 */
export function classLabels(nodes: readonly ForeignNode[]): readonly string[] | null {
  const lists = nodes
    .filter(({ domain }) => domain === 'ai.onnx.ml')
    .map((node) => NAMES.map((name) => labelsIn(node, name)).find((labels) => labels.length > 0))
    .filter((labels) => labels !== undefined);
  const [first] = lists;
  if (first === undefined || lists.some((one) => JSON.stringify(one) !== JSON.stringify(first))) return null;
  return first;
}

function labelsIn({ attributes }: ForeignNode, name: string): string[] {
  const fields = attributes.get(name) ?? [];
  const texts = fields.filter(({ number }) => number === TEXTS);
  const numbers = sound(() => intsOf(fields, ATTRIBUTE.ints));
  return [...texts.map(({ bytes }) => Buffer.from(bytes).toString('utf8')), ...numbers.map(String)];
}
