import type { ItemType, ParameterDeclaration } from './parameters.js';

interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
}

interface TextLimits {
  readonly pattern?: RegExp;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly secret?: boolean;
}

interface Declared<T, D> {
  readonly type: T;
  readonly default: D;
  readonly help: string;
}

/** Makes the shorthand for one type: `preset` is the default, alone or together with the limits. */
const shorthand =
  <T extends ParameterDeclaration['type'], Value, Limits>(type: T) =>
  <const D extends Value | null>(
    preset: D | (Limits & { readonly default: D }),
    help: string,
  ): Limits & Declared<T, D> => {
    const hasLimits = typeof preset === 'object' && preset !== null;
    return { type, ...(hasLimits ? preset : { default: preset }), help } as Limits & Declared<T, D>;
  };

/** Declares a whole number: `integer(5, help)` or `integer({ default: 5, min: 1 }, help)`; both limits are allowed. */
export const integer = shorthand<'integer', number, NumberLimits>('integer');
/** Declares any number, with limits like {@link integer}. */
export const decimal = shorthand<'number', number, NumberLimits>('number');
/** Declares a text; of `minLength` to `maxLength` characters, or matching `pattern`. */
export const text = shorthand<'string', string, TextLimits>('string');
/** Declares true or false. */
export const flag = shorthand<'boolean', boolean, object>('boolean');

/** Declares one of a set of texts. */
export const choice = <const U extends string>(
  facts: { readonly default: NoInfer<U>; readonly oneOf: readonly U[]; readonly ignoreCase?: boolean },
  help: string,
) => ({ type: 'string', ...facts, help }) as const;

/** Declares a list of texts. */
export const textList = <const D extends readonly string[] | null>(preset: D, help: string) =>
  ({ type: 'list', items: 'string', default: preset, help }) as const;

/** Declares a list of numbers. */
export const numberList = (preset: readonly number[], help: string) =>
  ({ type: 'list', items: 'number', default: preset, help }) as const;

/** Declares an object whose values are all of one type, or any JSON; empty by default. */
export const map = <const F extends { readonly items?: ItemType; readonly secret?: boolean }>(
  facts: F,
  help: string,
) => ({ type: 'map', default: {}, ...facts, help }) as const;

const OPENING = 'Accepted for compatibility; has no effect because ';

/** Help of a parameter that old configurations carry and that has nothing to act on here; says the reason. */
export const noEffect = (reason: string): string => `${OPENING}${reason}.`;

/** Whether a parameter's help declares it without effect. */
export const hasNoEffect = (help: string): boolean => help.startsWith(OPENING);
