import { corrupt, unsupported, type ModelError } from '../errors.js';

type Json = Readonly<Record<string, unknown>>;

/** Narrows to a JSON object. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads settings of one layer; a setting of the wrong kind is a typed error that names the layer. */
export class LayerConfig {
  constructor(
    readonly layer: string,
    readonly raw: Json,
  ) {}

  /** The same settings with some in place of others. */
  with(settings: Json): LayerConfig {
    return new LayerConfig(this.layer, { ...this.raw, ...settings });
  }

  /** No settings, for what is no layer of its own. */
  only(): LayerConfig {
    return new LayerConfig(this.layer, {});
  }

  /** The setting as it stands. */
  get(key: string): unknown {
    return this.raw[key];
  }

  /** The name of its precision, or the kind of one without a name. */
  get dtype(): string | undefined {
    const { dtype } = this.raw;
    if (typeof dtype === 'string') return dtype;
    if (!isObject(dtype)) return undefined;
    return isObject(dtype.config) && typeof dtype.config.name === 'string'
      ? dtype.config.name
      : String(dtype.class_name);
  }

  /** A finite number. */
  number(key: string, fallback?: number): number {
    const value = this.raw[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.bad(key, 'a finite number');
    return value;
  }

  /** A number, or undefined when the setting is null or left out. */
  optionalNumber(key: string): number | undefined {
    return this.raw[key] === undefined || this.raw[key] === null ? undefined : this.number(key);
  }

  /** An integer of at least `minimum`. */
  integer(key: string, fallback?: number, minimum = 1): number {
    const value = this.number(key, fallback);
    if (!Number.isSafeInteger(value) || value < minimum)
      throw this.bad(key, `an integer of at least ${minimum}`);
    return value;
  }

  /** A probability in [0, 1), or in [0, 1] where dropping everything means something. */
  rate(key: string, fallback = 0, isWhole = false): number {
    const value = this.number(key, fallback);
    if (value < 0 || value > 1 || (value === 1 && !isWhole))
      throw this.bad(key, isWhole ? 'a rate in [0, 1]' : 'a rate in [0, 1)');
    return value;
  }

  /** True or false. */
  flag(key: string, fallback: boolean): boolean {
    const value = this.raw[key] ?? fallback;
    if (typeof value !== 'boolean') throw this.bad(key, 'true or false');
    return value;
  }

  /** One of the given words. */
  word<W extends string>(key: string, words: readonly W[], fallback?: W): W {
    const value = this.raw[key] ?? fallback;
    const found = words.find((word) => word === value);
    if (found === undefined) throw this.bad(key, `one of ${words.join(', ')}`);
    return found;
  }

  /** A list of integers; a single integer counts as a list of one. */
  integers(key: string, fallback?: readonly number[]): number[] {
    const value = this.raw[key] ?? fallback;
    const list = Array.isArray(value) ? (value as unknown[]) : [value];
    return list.map((one) => {
      if (typeof one !== 'number' || !Number.isSafeInteger(one)) throw this.bad(key, 'integers');
      return one;
    });
  }

  /** The only element of a list setting like `kernel_size`, at least 1. */
  single(key: string, fallback?: number): number {
    const list = this.integers(key, fallback === undefined ? undefined : [fallback]);
    const [only] = list;
    if (list.length !== 1 || only === undefined || only < 1) throw this.bad(key, 'one integer of at least 1');
    return only;
  }

  /** An error for a malformed setting. */
  bad(key: string, wanted: string): ModelError {
    return corrupt(
      `'${key}' must be ${wanted}, not ${JSON.stringify(this.raw[key])?.slice(0, 60)}`,
      this.layer,
    );
  }

  /** An error for a sound setting that is not run here. */
  refuse(what: string, need: string): ModelError {
    return unsupported(what, need, this.layer);
  }
}
