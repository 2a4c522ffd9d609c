/** Limits of a declared number; both ends belong to it. */
interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
}

interface TextLimits {
  readonly oneOf?: readonly string[];
  readonly ignoreCase?: boolean;
  readonly pattern?: RegExp;
  readonly minLength?: number;
  readonly maxLength?: number;
}

interface Short<T extends string, D> {
  readonly type: T;
  readonly default: D;
  readonly help: string;
}

const short =
  <T extends string, Value, Limits>(type: T) =>
  <const D extends Value | null, const L extends Limits = Limits & Record<never, never>>(
    preset: D,
    help: string,
    limits?: L,
  ): Short<T, D> & L => ({ type, default: preset, help, ...(limits as L) });

/** Declares a whole number; see `ParameterDeclaration`. */
export const integer = short<'integer', number, NumberLimits>('integer');
/** Declares any number. */
export const decimal = short<'number', number, NumberLimits>('number');
/** Declares a text; with `oneOf` the values are those words. */
export const text = short<'string', string, TextLimits>('string');
/** Declares true or false. */
export const flag = short<'boolean', boolean, object>('boolean');
