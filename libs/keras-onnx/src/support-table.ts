import { KERAS_LAYERS, KERAS_OPERATIONS, KERAS_RELEASE } from './layers/keras-names.js';
import { SUPPORTED_OPERATIONS } from './layers/operations.js';
import { type RefusedClasses, REFUSALS } from './layers/refusals.js';
import { SUPPORTED_LAYERS } from './layers/registry.js';

/** What is said of one class or function of Keras. */
export interface Support {
  readonly name: string;
  /** The class that stands in files; undefined for functions that leave nothing there. */
  readonly className: string | undefined;
  readonly state: 'served' | RefusedClasses['state'] | 'nothing in files' | 'unknown';
  readonly refusal: RefusedClasses | undefined;
}

function supportOf(entry: string, served: readonly string[], refusals: readonly RefusedClasses[]): Support {
  const [name = '', other] = entry.split(':');
  const className = other === undefined ? name : other === '' ? undefined : other;
  if (className === undefined) return { name, className, state: 'nothing in files', refusal: undefined };
  if (served.includes(className)) return { name, className, state: 'served', refusal: undefined };
  const refusal = refusals.find(({ classes }) => classes.includes(className));
  return { name, className, state: refusal?.state ?? 'unknown', refusal };
}

/** Every layer class and every function of `keras.ops` with what becomes of it. */
export const KERAS_SUPPORT: {
  readonly layers: readonly Support[];
  readonly operations: readonly Support[];
} = {
  layers: KERAS_LAYERS.map((one) => supportOf(one, SUPPORTED_LAYERS, REFUSALS.layers)),
  operations: KERAS_OPERATIONS.map((one) => supportOf(one, SUPPORTED_OPERATIONS, REFUSALS.operations)),
};

const names = (list: readonly Support[]): string => list.map(({ name }) => `\`${name}\``).join(', ');

function rowsOf(list: readonly Support[], refusals: readonly RefusedClasses[]): string[] {
  const row = (state: string, why: string, found: readonly Support[]): string[] =>
    found.length === 0 ? [] : [`| ${state} | ${names(found)} | ${why} |`];
  return [
    ...row(
      'served',
      '',
      list.filter(({ state }) => state === 'served'),
    ),
    ...refusals.flatMap((refusal) =>
      row(
        refusal.state,
        `${refusal.reason}; ${refusal.need}`,
        list.filter((one) => one.refusal === refusal),
      ),
    ),
    ...row(
      'served',
      'its result stands in the file as a number',
      list.filter(({ state }) => state === 'nothing in files'),
    ),
  ];
}

/** The same as a table for the README. */
export function kerasSupportTable(): string {
  const { layers, operations } = KERAS_SUPPORT;
  const count = (list: readonly Support[]): string =>
    `${list.filter(({ state }) => state === 'served' || state === 'nothing in files').length} of ${list.length}`;
  return [
    `### Layers of Keras ${KERAS_RELEASE}: ${count(layers)} are served`,
    '',
    '| | `keras.layers` | Why, and what to do |',
    '|---|---|---|',
    ...rowsOf(layers, REFUSALS.layers),
    '',
    `### Operations of Keras ${KERAS_RELEASE}: ${count(operations)} are served`,
    '',
    '| | `keras.ops` | Why, and what to do |',
    '|---|---|---|',
    ...rowsOf(operations, REFUSALS.operations),
  ].join('\n');
}
