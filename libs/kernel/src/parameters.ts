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
      readonly pattern?: RegExp;
      readonly minLength?: number;
      readonly maxLength?: number;
    })
  | (Declared<readonly ParameterValue[]> & { readonly type: 'list' })
  | (Declared<{ readonly [key: string]: ParameterValue }> & { readonly type: 'map' });

export type ParameterDeclarations = Readonly<Record<string, ParameterDeclaration>>;

type ValueOf<D extends ParameterDeclaration> = D extends { type: 'integer' | 'number' }
  ? number
  : D extends { type: 'boolean' }
    ? boolean
    : D extends { type: 'string' }
      ? string
      : D extends { type: 'list' }
        ? readonly ParameterValue[]
        : { readonly [key: string]: ParameterValue };

/** The value type of each declared parameter; nullable exactly where the default is null. */
export type ParametersOf<D extends ParameterDeclarations> = {
  readonly [K in keyof D]: D[K]['default'] extends null ? ValueOf<D[K]> | null : ValueOf<D[K]>;
};

export type Checked = { readonly value: ParameterValue } | { readonly fault: string };

const describe = (value: unknown): string => {
  const text = typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/**
 * Checks one value against its declaration. Text is coerced (`"5"` → 5, `"true"` → true, `"[1,2]"` → list), so the
 * same rule serves flags, environment variables and JSON files. `null` is always allowed and means "not set" where
 * the default is null; elsewhere it is a fault.
 */
export function checkParameter(declaration: ParameterDeclaration, raw: unknown): Checked {
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
      return checkJson(raw, shown, declaration, Array.isArray);
    case 'map':
      return checkJson(
        raw,
        shown,
        declaration,
        (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      );
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
      return `a JSON list${orNull}`;
    case 'map':
      return `a JSON object${orNull}`;
  }
}

function range({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

function lengths({ minLength, maxLength }: { minLength?: number; maxLength?: number }): string {
  if (minLength === undefined && maxLength === undefined) return '';
  return ` of ${minLength ?? 0} to ${maxLength ?? 'any number of'} characters`;
}

type Of<T extends ParameterDeclaration['type']> = Extract<ParameterDeclaration, { type: T }>;

function checkNumber(declaration: Of<'integer' | 'number'>, raw: unknown, shown: string): Checked {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  const fault = { fault: `${shown} is not allowed; ${allowed(declaration)}` };
  if (typeof value !== 'number' || !Number.isFinite(value)) return fault;
  if (declaration.type === 'integer' && !Number.isSafeInteger(value)) return fault;
  if (declaration.min !== undefined && value < declaration.min) return fault;
  if (declaration.max !== undefined && value > declaration.max) return fault;
  return { value };
}

function checkBoolean(declaration: Of<'boolean'>, raw: unknown, shown: string): Checked {
  if (typeof raw === 'boolean') return { value: raw };
  if (typeof raw === 'string' && /^(true|1|yes|on)$/i.test(raw)) return { value: true };
  if (typeof raw === 'string' && /^(false|0|no|off)$/i.test(raw)) return { value: false };
  return { fault: `${shown} is not allowed; ${allowed(declaration)}` };
}

function checkString(declaration: Of<'string'>, raw: unknown, shown: string): Checked {
  const { oneOf, pattern, minLength = 0, maxLength = Infinity } = declaration;
  const fault = { fault: `${shown} is not allowed; ${allowed(declaration)}` };
  if (typeof raw !== 'string') return fault;
  if (oneOf && !oneOf.includes(raw)) return fault;
  if (pattern && !pattern.test(raw)) return fault;
  return raw.length < minLength || raw.length > maxLength ? fault : { value: raw };
}

function checkJson(
  raw: unknown,
  shown: string,
  declaration: ParameterDeclaration,
  isRight: (value: unknown) => boolean,
): Checked {
  let value = raw;
  if (typeof raw === 'string') {
    try {
      value = JSON.parse(raw) as unknown;
    } catch {
      return { fault: `${shown} is not JSON; ${allowed(declaration)}` };
    }
  }
  return isRight(value)
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
