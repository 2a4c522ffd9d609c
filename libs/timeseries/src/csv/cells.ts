import { isKnownName } from './column-names.js';

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

/** Encodings in which programs of the world write where it is not UTF-8; the first where no name is known in any. */
const ENCODINGS = ['windows-1252', 'windows-1250', 'windows-1251', 'gb18030', 'euc-kr', 'shift_jis'].map(
  (label) => new TextDecoder(label),
);

/** As {@link cellText} for a name; bytes that are no UTF-8 are taken in the encoding in which they are a known name. */
export function nameText(bytes: Buffer, start: number, end: number): string {
  const text = cellText(bytes, start, end).replace(/^\ufeff+/, '');
  if (!text.includes('\ufffd')) return text;
  const texts = ENCODINGS.map((one) => one.decode(bytes.subarray(start, end)).replaceAll('""', '"').trim());
  return texts.find(isKnownName) ?? texts[0] ?? text;
}

/** A name or a cell for people: quoted, at most 40 characters, control characters replaced. */
export const shown = (text: string): string =>
  `"${text.length > 40 ? `${text.slice(0, 37)}...` : text}"`.replaceAll(/\p{Cc}/gu, '?');
