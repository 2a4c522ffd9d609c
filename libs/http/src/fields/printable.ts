const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const UNPRINTABLE_BUT_LINES = /[^\P{Cc}\t\n\r]|\p{Cs}/u;

/** Whether a text has no control characters and no broken surrogate pairs; `multiline` allows tabs and line breaks. */
export const isPrintable = (text: string, multiline: boolean): boolean =>
  !(multiline ? UNPRINTABLE_BUT_LINES : UNPRINTABLE).test(text);

/**
 * Why the contents of a free object cannot be stored and returned unchanged, as part of a message; null if they can. JSON
 * allows 1e400, which becomes infinity and then null. The parser limits the depth of a body.
 */
export function faultOfContents(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'may hold finite numbers only';
  if (typeof value === 'string')
    return isPrintable(value, true) ? null : 'may not hold control characters or broken characters';
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return firstFault(value, faultOfContents);
  // not `Object.entries`: it makes a pair of every member before the first one is looked at
  for (const key in value) {
    const fault = faultOfContents(key) ?? faultOfContents((value as Readonly<Record<string, unknown>>)[key]);
    if (fault !== null) return fault;
  }
  return null;
}

function firstFault(members: readonly unknown[], faultOf: (member: unknown) => string | null): string | null {
  for (const member of members) {
    const fault = faultOf(member);
    if (fault !== null) return fault;
  }
  return null;
}
