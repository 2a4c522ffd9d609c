import { isPerhapsSecretName, isSecretName } from '#libs/kernel';
import { looksOpaque, redactText, REDACTED } from './redact-text.js';

/** Stands where something was left out for its length. */
export const TRUNCATED = '[truncated]';

/** A long text keeps this much of its beginning. */
const TEXT_START = 1024;
/** A secret that begins before the cut is still recognised when this much of it lies behind. */
const LOOK_AHEAD = 512;
/** What is nested deeper is replaced as a whole; bodies deeper than 64 levels are refused anyway. */
const MAX_DEPTH = 70;
/** A value costs at least this many characters of the limit. */
const VALUE_COST = 8;

/** Names a pair's value: `{"name": "Authorization", "value": "…"}`. */
const PAIR_NAMES = ['name', 'key', 'header', 'field'] as const;

/**
 * Copies JSON for someone who may see what was sent, but no secrets: {@link REDACTED} replaces every value with a secret
 * name or the look of a secret, at any depth. Copying stops as soon as about `limit` characters of JSON are reached,
 * and what comes after is replaced by {@link TRUNCATED}: a body of 100,000 members is not walked to its end.
 */
export class RedactedCopy {
  /** Values that were looked at: the work that was done. */
  visited = 0;
  /** Whether something was left out for its length. */
  isCut = false;
  #left: number;

  /** @param prepare turns what is no JSON into JSON, before it is copied; unchanged by default */
  constructor(
    limit: number,
    private readonly prepare: (value: unknown) => unknown = (value) => value,
  ) {
    this.#left = limit;
  }

  of(given: unknown, depth = 0): unknown {
    this.visited += 1;
    const value = this.prepare(given);
    if (typeof value === 'string') return this.#text(value);
    this.#left -= VALUE_COST;
    if (typeof value !== 'object' || value === null) return value;
    if (depth > MAX_DEPTH) return REDACTED;
    return Array.isArray(value) ? this.#list(value, depth + 1) : this.#object(value, depth + 1);
  }

  #text(text: string): string {
    if (this.#left <= 0) return this.#cut();
    const room = Math.min(text.length, Math.max(this.#left, TEXT_START));
    this.#left -= room + 2;
    const shown = redactText(room < text.length ? text.slice(0, room + LOOK_AHEAD) : text);
    if (room === text.length) return shown;
    return `${shown.slice(0, room)}${this.#cut()}`;
  }

  #list(list: readonly unknown[], depth: number): unknown[] {
    const kept: unknown[] = [];
    for (const item of list) {
      if (this.#left <= 0) return [...kept, this.#cut()];
      kept.push(this.of(item, depth));
    }
    return kept;
  }

  #object(object: object, depth: number): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    const pair = nameOfPair(object as Readonly<Record<string, unknown>>);
    // `Object.entries` of 80,000 members takes 100 ms before the first one is seen, this loop 15.
    for (const name in object) {
      if (name === '__proto__') continue;
      if (this.#left <= 0) {
        kept[this.#cut()] = true;
        return kept;
      }
      const value = (object as Readonly<Record<string, unknown>>)[name];
      const shownName = redactText(name.length > TEXT_START ? name.slice(0, TEXT_START) : name);
      this.#left -= shownName.length + 4;
      kept[shownName] =
        isSecretMember(name, value) || (name === 'value' && pair !== null && isSecretMember(pair, value))
          ? REDACTED
          : this.of(value, depth);
    }
    return kept;
  }

  #cut(): string {
    this.isCut = true;
    return TRUNCATED;
  }
}

const isSecretMember = (name: string, value: unknown): boolean =>
  isSecretName(name) || (typeof value === 'string' && isPerhapsSecretName(name) && looksOpaque(value));

function nameOfPair(object: Readonly<Record<string, unknown>>): string | null {
  if (object['value'] === undefined) return null;
  const named = PAIR_NAMES.map((name) => object[name]).find((name) => typeof name === 'string');
  return (named as string | undefined) ?? null;
}

/** A whole copy of a JSON value without its secrets, for small ones that this service made itself. */
export const redactSecrets = (value: unknown): unknown => new RedactedCopy(Infinity).of(value);
