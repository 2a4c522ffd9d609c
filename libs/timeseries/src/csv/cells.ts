const MISSING = new Set(['', 'nan', 'na', 'n/a', '#n/a', 'null', 'none', 'nil', '-', '--', '.', '?', 'n/d']);

/** The text of a cell without surrounding blanks; doubled quotes become one. */
export function cellText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end).replaceAll('""', '"').trim();
}

/** Whether a text says that there is no value. */
export const isMissingText = (text: string): boolean => MISSING.has(text.toLowerCase());

/** Whether a cell says that there is no value. */
export const isMissing = (bytes: Buffer, start: number, end: number): boolean =>
  start >= end || (end - start <= 12 && isMissingText(cellText(bytes, start, end)));

const WINDOWS_1252 = new TextDecoder('windows-1252');

/** As {@link cellText} for a name; bytes that are no UTF-8 are taken as Windows-1252, in which older programs write. */
export function nameText(bytes: Buffer, start: number, end: number): string {
  const text = cellText(bytes, start, end).replace(/^\ufeff/, '');
  if (!text.includes('\ufffd')) return text;
  return WINDOWS_1252.decode(bytes.subarray(start, end)).replaceAll('""', '"').trim();
}

/** A name or a cell for people: quoted, at most 40 characters, control characters replaced. */
export const shown = (text: string): string =>
  `"${text.length > 40 ? `${text.slice(0, 37)}...` : text}"`.replaceAll(/\p{Cc}/gu, '?');
