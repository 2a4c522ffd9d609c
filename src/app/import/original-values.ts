import { createHash } from 'node:crypto';
import type { OriginalRow } from '#libs/database';

const NAIVE = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,3})?\d*$/;

/** A moment as SQLAlchemy writes it: UTC without an offset, microseconds cut to milliseconds. Null for anything else. */
export function momentIn(value: OriginalRow[string] | undefined): Date | null {
  const [, day = '', time = '', fraction = ''] = NAIVE.exec(textIn(value) ?? '') ?? [];
  const moment = new Date(`${day}T${time}${fraction}Z`);
  return Number.isNaN(moment.getTime()) ? null : moment;
}

/** Text, or a number as text; null for anything else and for nothing. */
export function textIn(value: OriginalRow[string] | undefined): string | null {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : null;
}

export const numberIn = (value: OriginalRow[string] | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/** Strings, which stay, and numbers that Python writes and JSON does not have. */
const STRING_OR_NO_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

/** As deep as a body of a request may be. Deeper ones can be parsed, but no longer be written. */
const MAX_DEPTH = 64;

/** Why the text of a JSON column can't be taken: a predicate. */
export class UnreadableJson extends Error {}

/**
 * The value of a JSON column as Python writes it: NaN and infinities, which JSON does not have, become null.
 * @throws UnreadableJson
 */
export function jsonIn(value: OriginalRow[string] | undefined): unknown {
  if (typeof value !== 'string') return null;
  const text = value.replace(STRING_OR_NO_NUMBER, (found) => (found.startsWith('"') ? found : 'null'));
  const parsed = parse(text);
  if (isDeeper(parsed, MAX_DEPTH)) throw new UnreadableJson(`is nested deeper than ${MAX_DEPTH} levels`);
  return parsed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableJson('is no JSON');
  }
}

/** Whether lists and objects lie deeper in each other than that. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** Whether a text holds U+0000, which PostgreSQL does not take. */
export const holdsZero = (texts: readonly string[]): boolean => texts.some((text) => text.includes('\0'));

/** A text of the original for a terminal: in quotes, with control characters escaped, no longer than 50 characters. */
export const inQuotes = (text: string): string =>
  JSON.stringify(text.slice(0, SHOWN)).replace(
    CONTROLS,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
const SHOWN = 50;
// JSON.stringify leaves DEL, C1 controls and marks that turn the direction of writing
const CONTROLS = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export const objectIn = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

/** The same for the same row in every run; 16 hexadecimal digits. */
export const rowFingerprint = (row: OriginalRow): string =>
  createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 16);
