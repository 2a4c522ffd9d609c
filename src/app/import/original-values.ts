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

/**
 * The value of a JSON column as Python writes it: NaN and infinities, which JSON does not have, become null.
 * @throws SyntaxError for a text that is no JSON
 */
export function jsonIn(value: OriginalRow[string] | undefined): unknown {
  if (typeof value !== 'string') return null;
  return JSON.parse(value.replace(STRING_OR_NO_NUMBER, (found) => (found.startsWith('"') ? found : 'null')));
}

export const objectIn = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

/** The same for the same row in every run; 16 hexadecimal digits. */
export const rowFingerprint = (row: OriginalRow): string =>
  createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 16);
