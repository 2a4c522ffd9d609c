import { isSecretName, RawText, REDACTED } from '#libs/http';

/** Stands where something was left out for its length. */
export const TRUNCATED = '[truncated]';

/** A long text keeps this much of its beginning. */
const TEXT_START = 1024;

/**
 * A copy of a body that may be kept: secrets replaced at any depth, and no longer than about `limit` characters of JSON.
 * What comes after the limit is replaced by {@link TRUNCATED}; a body of 100,000 members is not walked to its end.
 * Text of other content types is described, not kept: nobody knows where its secrets stand.
 */
export function auditPayload(body: unknown, limit: number): unknown {
  if (body === undefined) return null;
  if (body instanceof RawText) {
    return { content_type: body.contentType.slice(0, 100), bytes: Buffer.byteLength(body.text) };
  }
  return new Copier(limit).copy(body);
}

class Copier {
  constructor(private left: number) {}

  copy(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value !== 'object' || value === null) {
      this.left -= 8;
      return value;
    }
    this.left -= 2;
    return Array.isArray(value) ? this.#list(value) : this.#object(value);
  }

  #text(text: string): string {
    if (this.left <= 0) return TRUNCATED;
    const room = Math.min(text.length, Math.max(this.left, TEXT_START));
    this.left -= room + 2;
    return room < text.length ? `${text.slice(0, room)}${TRUNCATED}` : text;
  }

  #list(list: readonly unknown[]): unknown[] {
    const kept: unknown[] = [];
    for (const item of list) {
      if (this.left <= 0) return [...kept, TRUNCATED];
      kept.push(this.copy(item));
    }
    return kept;
  }

  #object(object: object): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(object)) {
      if (this.left <= 0) {
        kept[TRUNCATED] = true;
        return kept;
      }
      const shortName = name.length > TEXT_START ? name.slice(0, TEXT_START) : name;
      this.left -= shortName.length + 4;
      kept[shortName] = isSecretName(name) ? REDACTED : this.copy(value);
    }
    return kept;
  }
}
