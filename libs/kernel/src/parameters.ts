/**
 * Declared parameters: the one mechanism behind configuration keys and plugin parameters.
 * A declaration is the source for defaults, coercion of text (flags, environment), validation, help and docs.
 */
export type ParameterValue =
  string | number | boolean | null | readonly ParameterValue[] | { readonly [key: string]: ParameterValue };

interface Declared<T> {
  /** `null` means "not set". */
  readonly default: T | null;
  /** One sentence: what it does, with its unit. */
  readonly help: string;
  /** Never printed, listed or logged. */
  readonly secret?: boolean;
}

export type ParameterDeclaration =
  | (Declared<number> & { readonly type: 'integer' | 'number'; readonly min?: number; readonly max?: number })
  | (Declared<boolean> & { readonly type: 'boolean' })
  | (Declared<string> & {
      readonly type: 'string';
      readonly oneOf?: readonly string[];
      /** With `oneOf`: `warning` is taken as `WARNING`. The value is always the declared spelling. */
      readonly ignoreCase?: boolean;
      readonly pattern?: RegExp;
      readonly minLength?: number;
      readonly maxLength?: number;
    })
  | (Declared<readonly ParameterValue[]> & { readonly type: 'list'; readonly items?: ItemType })
  | (Declared<{ readonly [key: string]: ParameterValue }> & {
      readonly type: 'map';
      readonly items?: ItemType;
    });

/** What every member of a list, or every value of a map, must be. Left out: any JSON value. */
export type ItemType = 'string' | 'integer' | 'number' | 'strings';

export type ParameterDeclarations = Readonly<Record<string, ParameterDeclaration>>;

type ValueOf<D extends ParameterDeclaration> = D extends { type: 'integer' | 'number' }
  ? number
  : D extends { type: 'boolean' }
    ? boolean
    : D extends { type: 'string' }
      ? D extends { oneOf: readonly (infer U extends string)[] }
        ? U
        : string
      : D extends { type: 'list' }
        ? readonly ItemOf<D>[]
        : { readonly [key: string]: ItemOf<D> };

type ItemOf<D> = D extends { items: 'string' }
  ? string
  : D extends { items: 'strings' }
    ? string | readonly string[]
    : D extends { items: 'integer' | 'number' }
      ? number
      : ParameterValue;

/** The value type of each declared parameter; nullable exactly where the default is null. */
export type ParametersOf<D extends ParameterDeclarations> = {
  readonly [K in keyof D]: D[K]['default'] extends null ? ValueOf<D[K]> | null : ValueOf<D[K]>;
};

export type CheckedValue = { readonly value: ParameterValue } | { readonly fault: string };

/** Narrows to an object with named members, as JSON has them. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const describe = (value: unknown): string => {
  const text = typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/**
 * Checks one value against its declaration. Text is coerced (`"5"` → 5, `"true"` → true, `"[1,2]"` → list), so the
 * same rule serves flags, environment variables and JSON files. `null` is always allowed and means "not set" where
 * the default is null; elsewhere it is a fault.
 */
export function checkParameter(declaration: ParameterDeclaration, raw: unknown): CheckedValue {
  if (raw === null || raw === undefined) {
    return declaration.default === null
      ? { value: null }
      : { fault: `must not be null; ${allowed(declaration)}` };
  }
  const shown = declaration.secret ? 'the given value' : describe(raw);
  switch (declaration.type) {
    case 'integer':
    case 'number':
      return checkNumber(declaration, raw, shown);
    case 'boolean':
      return checkBoolean(declaration, raw, shown);
    case 'string':
      return checkString(declaration, raw, shown);
    case 'list':
      return checkJson(listFromText(declaration, raw), shown, declaration, Array.isArray);
    case 'map':
      return checkJson(raw, shown, declaration, isRecord);
  }
}

/** "an integer from 1 to 65535" – what the declaration allows, for error texts, help and docs. */
export function allowed(declaration: ParameterDeclaration): string {
  const orNull = declaration.default === null ? ', or null' : '';
  switch (declaration.type) {
    case 'integer':
    case 'number':
      return `${declaration.type === 'integer' ? 'an integer' : 'a number'}${range(declaration)}${orNull}`;
    case 'boolean':
      return `true or false${orNull}`;
    case 'string':
      if (declaration.oneOf) return `one of ${declaration.oneOf.join(', ')}${orNull}`;
      return `${declaration.pattern ? `text matching ${declaration.pattern.source}` : 'text'}${lengths(declaration)}${orNull}`;
    case 'list':
      return declaration.items
        ? `a list of ${ITEM_WORDS[declaration.items]}, as JSON or separated by commas${orNull}`
        : `a JSON list${orNull}`;
    case 'map':
      return `a JSON object${declaration.items ? ` whose values are ${ITEM_WORDS[declaration.items]}` : ''}${orNull}`;
  }
}

const ITEM_WORDS: Readonly<Record<ItemType, string>> = {
  string: 'texts',
  integer: 'integers',
  number: 'numbers',
  strings: 'texts, or lists of texts',
};

function range({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

function lengths({ minLength, maxLength }: { minLength?: number; maxLength?: number }): string {
  if (maxLength !== undefined) return ` of ${minLength ?? 0} to ${maxLength} characters`;
  if (minLength === undefined || minLength === 0) return '';
  return minLength === 1 ? ' that is not empty' : ` of at least ${minLength} characters`;
}

type Of<T extends ParameterDeclaration['type']> = Extract<ParameterDeclaration, { type: T }>;

function checkNumber(declaration: Of<'integer' | 'number'>, raw: unknown, shown: string): CheckedValue {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  const fault = { fault: `${shown} is not allowed; ${allowed(declaration)}` };
  if (typeof value !== 'number' || !Number.isFinite(value)) return fault;
  if (declaration.type === 'integer' && !Number.isSafeInteger(value)) return fault;
  if (declaration.min !== undefined && value < declaration.min) return fault;
  if (declaration.max !== undefined && value > declaration.max) return fault;
  return { value };
}

function checkBoolean(declaration: Of<'boolean'>, raw: unknown, shown: string): CheckedValue {
  if (typeof raw === 'boolean') return { value: raw };
  if (typeof raw === 'string' && /^(true|1|yes|on)$/i.test(raw)) return { value: true };
  if (typeof raw === 'string' && /^(false|0|no|off)$/i.test(raw)) return { value: false };
  return { fault: `${shown} is not allowed; ${allowed(declaration)}` };
}

function checkString(declaration: Of<'string'>, raw: unknown, shown: string): CheckedValue {
  const { oneOf, pattern, minLength = 0, maxLength = Infinity } = declaration;
  const fault = { fault: `${shown} is not allowed; ${allowed(declaration)}` };
  if (typeof raw !== 'string') return fault;
  if (oneOf && declaration.ignoreCase) {
    const spelled = oneOf.find((one) => one.toLowerCase() === raw.toLowerCase());
    return spelled === undefined ? fault : { value: spelled };
  }
  if (oneOf && !oneOf.includes(raw)) return fault;
  if (pattern && !pattern.test(raw)) return fault;
  return raw.length < minLength || raw.length > maxLength ? fault : { value: raw };
}

/** `a, b` is a list where the declaration names the members' type; JSON always is. */
function listFromText(declaration: Of<'list'>, raw: unknown): unknown {
  if (!declaration.items || typeof raw !== 'string' || raw.trimStart().startsWith('[')) return raw;
  const parts = raw
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return declaration.items === 'string' ? parts : parts.map(Number);
}

const ITEM_CHECKS: Readonly<Record<ItemType, (item: unknown) => boolean>> = {
  string: (item) => typeof item === 'string',
  integer: (item) => Number.isSafeInteger(item),
  number: (item) => typeof item === 'number' && Number.isFinite(item),
  strings: (item) => [item].flat().length > 0 && [item].flat().every((one) => typeof one === 'string'),
};

function checkJson(
  raw: unknown,
  shown: string,
  declaration: Of<'list' | 'map'>,
  isRight: (value: unknown) => boolean,
): CheckedValue {
  let value = raw;
  if (typeof raw === 'string') {
    try {
      value = JSON.parse(raw) as unknown;
    } catch {
      return { fault: `${shown} is not JSON; ${allowed(declaration)}` };
    }
  }
  const isItem = declaration.items ? ITEM_CHECKS[declaration.items] : () => true;
  return isRight(value) && Object.values(value as object).every(isItem)
    ? { value: value as ParameterValue }
    : { fault: `${shown} is not allowed; ${allowed(declaration)}` };
}

/**
 * Checks a whole set: unknown names are left to the caller, missing ones take their default.
 * All faults come back together, one sentence each, starting with the parameter's name.
 */
export function checkParameters(
  declarations: ParameterDeclarations,
  given: Readonly<Record<string, unknown>>,
): { readonly values: Readonly<Record<string, ParameterValue>>; readonly faults: readonly string[] } {
  const values: Record<string, ParameterValue> = {};
  const faults: string[] = [];
  for (const [name, declaration] of Object.entries(declarations)) {
    if (!Object.hasOwn(given, name)) {
      values[name] = declaration.default;
      continue;
    }
    const checked = checkParameter(declaration, given[name]);
    if ('fault' in checked) faults.push(`${name}: ${checked.fault}`);
    else values[name] = checked.value;
  }
  return { values: Object.freeze(values), faults };
}
