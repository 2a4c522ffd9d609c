import type { ItemType, ParameterDeclaration } from '#libs/kernel';

type Of<T extends ParameterDeclaration['type']> = Extract<ParameterDeclaration, { readonly type: T }>;
type Facts<T extends ParameterDeclaration['type'], D> = { readonly default: D } & Omit<
  Of<T>,
  'type' | 'help' | 'default' | 'oneOf' | 'ignoreCase' | 'items'
>;
interface Range<D> {
  readonly default: D;
  readonly min: number;
  readonly max: number;
}

/** A whole number from `min` to `max`, both included. */
export const wholeNumber = <const D extends number | null>(facts: Range<D>, help: string) =>
  ({ type: 'integer', ...facts, help }) as const;

/** A number from `min` to `max`, both included. */
export const number = <const D extends number | null>(facts: Range<D>, help: string) =>
  ({ type: 'number', ...facts, help }) as const;

/** A switch. */
export const toggle = <const D extends boolean>(preset: D, help: string) =>
  ({ type: 'boolean', default: preset, help }) as const;

/** A text; of `minLength` to `maxLength` characters, or matching `pattern`. */
export const string = <const D extends string | null>(facts: Facts<'string', D>, help: string) =>
  ({ type: 'string', ...facts, help }) as const;

/** One of a set of texts. */
export const choice = <const U extends string>(
  facts: { readonly default: NoInfer<U>; readonly oneOf: readonly U[]; readonly ignoreCase?: boolean },
  help: string,
) => ({ type: 'string', ...facts, help }) as const;

/** A list of texts. */
export const list = (preset: readonly string[], help: string) =>
  ({ type: 'list', items: 'string', default: preset, help }) as const;

/** An object whose values are all of one type, or any JSON; empty by default. */
export const map = <const F extends { readonly items?: ItemType; readonly secret?: boolean }>(
  facts: F,
  help: string,
) => ({ type: 'map', default: {}, ...facts, help }) as const;

const OPENING = 'Accepted for compatibility; no effect because ';

/** Help of a setting that old configurations carry and that has nothing to act on here; says the reason. */
export const noEffect = (reason: string): string => `${OPENING}${reason}.`;

/** Whether a setting's help declares it without effect. */
export const hasNoEffect = (help: string): boolean => help.startsWith(OPENING);
