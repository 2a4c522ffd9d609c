import type { Violation } from '#libs/kernel';

/** Why a value was refused; the validator adds its place (`loc`) and `input`. */
export class Fault {
  constructor(
    readonly type: string,
    readonly msg: string,
    readonly ctx?: Readonly<Record<string, unknown>>,
  ) {}
}

/** A refusal by a rule of the product, in the form that the original's clients know. */
export const valueError = (message: string): Fault =>
  new Fault('value_error', `Value error, ${message}`, { error: {} });

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

type FaultMaker = (constraint: unknown, value: unknown) => Fault;

/** The fault for each class-validator check that can fail after coercion, by the name of the check. */
const MAKERS: Readonly<Record<string, FaultMaker>> = {
  minLength: (n) =>
    new Fault('string_too_short', `String should have at least ${plural(n as number, 'character')}`, {
      min_length: n,
    }),
  maxLength: (n) =>
    new Fault('string_too_long', `String should have at most ${plural(n as number, 'character')}`, {
      max_length: n,
    }),
  matches: (pattern) => mismatch((pattern as RegExp).source),
  min: (n) =>
    new Fault('greater_than_equal', `Input should be greater than or equal to ${n as number}`, { ge: n }),
  max: (n) => new Fault('less_than_equal', `Input should be less than or equal to ${n as number}`, { le: n }),
  arrayMinSize: (n, value) => listLength('too_short', 'at least', n as number, value),
  arrayMaxSize: (n, value) => listLength('too_long', 'at most', n as number, value),
  arrayUnique: () => valueError('every item may occur only once'),
  decimalPlaces: () =>
    new Fault('decimal_max_places', 'Input should have no more than 6 decimal places', { decimal_places: 6 }),
  printable: () => valueError('control characters are not allowed'),
};

const mismatch = (pattern: string): Fault =>
  new Fault('string_pattern_mismatch', `String should match pattern '${pattern}'`, { pattern });

function listLength(type: string, bound: string, limit: number, value: unknown): Fault {
  const [key, actual] = [type === 'too_short' ? 'min_length' : 'max_length', (value as unknown[]).length];
  return new Fault(type, `List should have ${bound} ${plural(limit, 'item')}, not ${actual}`, {
    field_type: 'List',
    [key]: limit,
    actual_length: actual,
  });
}

/** The fault of a failed check; checks that are not listed have class-validator's own message. */
export function faultOfCheck(
  check: string,
  constraint: unknown,
  value: unknown,
  message: () => string,
): Fault {
  const make = Object.hasOwn(MAKERS, check) ? MAKERS[check] : undefined;
  return make === undefined ? valueError(message()) : make(constraint, value);
}

/** The fault of a value outside a set of choices; for text a pattern, which the original's clients parse. */
export function choiceFault(choices: readonly (string | number)[]): Fault {
  if (choices.every((choice) => typeof choice === 'string')) {
    return mismatch(
      `^(${choices.map((choice) => choice.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})$`,
    );
  }
  const expected = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)));
  return new Fault('literal_error', `Input should be ${expected.join(' or ')}`, {
    expected: expected.join(', '),
  });
}

/** Where a value stands: the source, then names and indexes. */
export type Place = Violation['loc'];

/** Adds the violation of a fault. `input` is what was sent; undefined leaves it out. */
export function report({ type, msg, ctx }: Fault, loc: Place, input: unknown, violations: Violation[]): void {
  violations.push({
    type,
    loc,
    msg,
    ...(input !== undefined && { input }),
    ...(ctx !== undefined && { ctx }),
  });
}

/** A violation of a secret field: nothing of the value is shown. */
export const withoutInput = ({ type, loc, msg, ctx }: Violation): Violation => ({
  type,
  loc,
  msg,
  ...(ctx !== undefined && { ctx }),
});
