const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const UNPRINTABLE_BUT_LINES = /[^\P{Cc}\t\n\r]|\p{Cs}/u;

/** Whether a text is free of control characters and broken surrogate pairs. `multiline`: tabs and line breaks may be. */
export const isPrintable = (text: string, multiline: boolean): boolean =>
  !(multiline ? UNPRINTABLE_BUT_LINES : UNPRINTABLE).test(text);

/**
 * What keeps the contents of a free object from being kept and given back as they are, for a message; null when nothing
 * does. JSON takes 1e400, which becomes infinity and then null. The parser limits how deep a body goes.
 */
export function faultOfContents(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'may hold finite numbers only';
  if (typeof value === 'string')
    return isPrintable(value, true) ? null : 'may not hold control characters or broken characters';
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, member] of Object.entries(value)) {
    const fault = faultOfContents(key) ?? faultOfContents(member);
    if (fault !== null) return fault;
  }
  return null;
}
