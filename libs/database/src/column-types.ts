import type { ColumnOptions, ValueTransformer } from 'typeorm';

type Extra = Omit<ColumnOptions, 'type' | 'transformer'>;

/**
 * Column types that mean the same on SQLite and PostgreSQL. Times are stored as text in RFC 3339 UTC with milliseconds
 * (sortable, exact, readable in both databases' shells) and are `Date` in code.
 */
const isoDate: ValueTransformer = {
  to: (value: Date | null | undefined) => (value instanceof Date ? value.toISOString() : value),
  from: (value: string | null) => (value === null ? null : new Date(value)),
};

/** A moment, UTC: `Date` in code, `2026-01-31T12:00:00.000Z` in the database. */
export const utcColumn = (options: Extra = {}): ColumnOptions => ({
  ...options,
  type: 'varchar',
  length: 24,
  transformer: isoDate,
});

const jsonText: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? value : JSON.stringify(value)),
  from: (value: string | null) => (value === null ? null : (JSON.parse(value) as unknown)),
};

/** Any JSON value, as text: byte-equal on the way back on both databases. */
export const jsonColumn = (options: Extra = {}): ColumnOptions => ({
  ...options,
  type: 'text',
  transformer: jsonText,
});

const exactInteger: ValueTransformer = {
  to: (value: number | null | undefined) => value,
  from: (value: string | number | null) => {
    if (value === null) return null;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new Error('an integer column holds a value beyond 2^53');
    return number;
  },
};

/** An integer up to 2^53 - 1 (micro-units of money, epochs, sizes): PostgreSQL's bigint string becomes a number, checked. */
export const integerColumn = (options: Extra = {}): ColumnOptions => ({
  ...options,
  type: 'bigint',
  transformer: exactInteger,
});
