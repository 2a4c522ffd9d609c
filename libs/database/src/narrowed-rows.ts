import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { entitiesOf } from './entity-rows.js';
import { type Count, countOf, LARGEST_COUNT } from './statements.js';
import type { DatabaseScope } from './transaction.js';

/** A condition of a list, in two forms that mean the same. */
export interface Term {
  /** As an index finds rows by it. */
  readonly found: string;
  /** About a row at hand: no index fits it. */
  readonly looked: string;
  readonly values: ObjectLiteral;
}

/** Candidates that are looked at, at most, to count what matches several terms. */
export const MOST_LOOKED_AT = 2 * LARGEST_COUNT;

/** A column that is compared or sorted by, but that no index is looked for with. */
export const lookedText = (column: string): string => `COALESCE(${column}, '')`;
export const lookedNumber = (column: string): string => `${column} + 0`;

/** A term about one column. */
export function term(
  column: string,
  comparison: string,
  values: ObjectLiteral,
  looked: (column: string) => string = lookedText,
): Term {
  return { found: `${column} ${comparison}`, looked: `${looked(column)} ${comparison}`, values };
}

/** Rows from one value to another, both included; null without any of the two. */
export function rangeTerm<V extends string | number>(column: string, min?: V, max?: V): Term | null {
  const bounds = { min, max };
  const given = (['min', 'max'] as const).filter((one) => bounds[one] !== undefined);
  const [first] = given;
  if (first === undefined) return null;
  const name = (one: 'min' | 'max'): string => `${one}_${column.replaceAll('.', '_')}`;
  const within = (of: string): string =>
    given.map((one) => `${of} ${one === 'min' ? '>=' : '<='} :${name(one)}`).join(' AND ');
  const looked = typeof bounds[first] === 'number' ? lookedNumber : lookedText;
  return {
    found: within(column),
    looked: within(looked(column)),
    values: Object.fromEntries(given.map((one) => [name(one), bounds[one]])),
  };
}

type Rows<T extends ObjectLiteral> = () => SelectQueryBuilder<T>;

/** Which rows are counted. */
export interface Counting<T extends ObjectLiteral> {
  readonly rows: Rows<T>;
  /** An index finds the rows of each. */
  readonly terms: readonly Term[];
  /** What no index finds. */
  readonly looked?: readonly Term[];
}

/** How many match, and the term that the fewest rows meet; null without terms. */
export interface Narrowed {
  readonly count: Count;
  readonly best: Term | null;
}

/**
 * How many rows meet all terms, as far as that is quick: rows that one term finds are counted up to
 * {@link LARGEST_COUNT}, and of several terms {@link MOST_LOOKED_AT} rows of the best are looked at.
 */
export async function countNarrowed<T extends ObjectLiteral>(
  scope: DatabaseScope,
  { rows, terms, looked: unfound = [] }: Counting<T>,
): Promise<Narrowed> {
  const [first, ...rest] = terms;
  const best = first === undefined ? null : await bestOf(scope, rows, [first, ...rest]);
  const others = [...terms.filter((one) => one !== best), ...unfound];
  const query = best === null ? rows() : narrowedBy(rows(), [best], [best]);
  const { looked, hits } = await figuresOf(scope, query, others);
  if (others.length === 0) return { count: countOf(looked), best };
  const isExact = looked <= MOST_LOOKED_AT && hits <= LARGEST_COUNT;
  return { count: { total: Math.min(hits, LARGEST_COUNT), isExact }, best };
}

/** The term that the fewest rows meet; of several that very many meet, the first. */
export async function bestOf<T extends ObjectLiteral>(
  { manager }: DatabaseScope,
  rows: Rows<T>,
  terms: readonly [Term, ...Term[]],
): Promise<Term> {
  const [first, ...rest] = terms;
  if (rest.length === 0) return first;
  const query = manager.createQueryBuilder().select([]).from('(SELECT 1)', 'nothing');
  for (const [index, one] of terms.entries()) {
    const some = narrowedBy(rows(), [one], [one])
      .select('1', 'one')
      .orderBy()
      .limit(LARGEST_COUNT + 1);
    query
      .addSelect(`(SELECT COUNT(*) FROM (${some.getQuery()}) AS found)`, `t${index}`)
      .setParameters(some.getParameters());
  }
  const counted = (await query.getRawOne<Record<string, number | string>>()) ?? {};
  const of = (index: number): number => Number(counted[`t${index}`]);
  return [...terms.keys()].reduce<{ one: Term; rows: number }>(
    (best, index) => (of(index) < best.rows ? { one: terms[index] ?? first, rows: of(index) } : best),
    { one: first, rows: Infinity },
  ).one;
}

/** Rows that some terms find, and looks at for the others. */
export function narrowedBy<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  terms: readonly Term[],
  found: readonly Term[] = [],
): SelectQueryBuilder<T> {
  for (const one of terms) query.andWhere(found.includes(one) ? one.found : one.looked, one.values);
  return query;
}

/** As SQL: 1 for a row that meets all terms, otherwise 0. */
export const meets = (terms: readonly Term[]): string =>
  terms.length === 0 ? '1' : `CASE WHEN ${terms.map(({ looked }) => looked).join(' AND ')} THEN 1 ELSE 0 END`;

async function figuresOf<T extends ObjectLiteral>(
  { manager }: DatabaseScope,
  query: SelectQueryBuilder<T>,
  others: readonly Term[],
): Promise<{ readonly looked: number; readonly hits: number }> {
  const most = (others.length === 0 ? LARGEST_COUNT : MOST_LOOKED_AT) + 1;
  for (const { values } of others) query.setParameters(values);
  const some = query.select(meets(others), 'hit').orderBy().limit(most);
  const row = await manager
    .createQueryBuilder()
    .select('COUNT(*)', 'looked')
    .addSelect('COALESCE(SUM(found.hit), 0)', 'hits')
    .from(`(${some.getQuery()})`, 'found')
    .setParameters(some.getParameters())
    .getRawOne<Record<'looked' | 'hits', number | string>>();
  return { looked: Number(row?.looked), hits: Number(row?.hits) };
}

/** A column to sort by, with its alias. */
export type Sorting = readonly (readonly [column: string, direction: 'ASC' | 'DESC'])[];

/** Rows that are sorted for a page: with keys that an index has, 0.1 s. */
const MOST_SORTED = 200_000;

/** A page of a list in an order. */
export interface SortedPage<T extends ObjectLiteral> {
  /** A property with a value of its own in each row. */
  readonly key: keyof T & string;
  /** Properties that are read. */
  readonly shown: readonly (keyof T & string)[];
  /** Ends with the column of the key. */
  readonly sorting: Sorting;
  readonly limit: number;
  readonly offset?: number;
}

/** A page of rows that are found in any order and sorted by their keys; then those of the page are read. */
export async function entitiesInOrder<T extends ObjectLiteral>(
  scope: DatabaseScope,
  found: SelectQueryBuilder<T>,
  page: SortedPage<T>,
): Promise<T[]> {
  const whole = found.clone();
  return entitiesOfKeys(whole, await keysOf(scope, found.orderBy().limit(MOST_SORTED), page), page);
}

async function keysOf<T extends ObjectLiteral>(
  { manager }: DatabaseScope,
  some: SelectQueryBuilder<T>,
  { sorting, limit, offset = 0 }: SortedPage<T>,
): Promise<unknown[]> {
  const columnNames = [...new Set(sorting.map(([column]) => column))];
  const nameOf = (column: string): string => `s${columnNames.indexOf(column)}`;
  some.select([]);
  for (const column of columnNames) some.addSelect(column, nameOf(column));
  const sorted = manager
    .createQueryBuilder()
    .select(`found.${nameOf(columnNames.at(-1) ?? '')}`, 'key')
    .from(`(${some.getQuery()})`, 'found')
    .setParameters(some.getParameters())
    .limit(limit)
    .offset(offset);
  for (const [column, direction] of sorting) sorted.addOrderBy(`found.${nameOf(column)}`, direction);
  return (await sorted.getRawMany<{ readonly key: unknown }>()).map((row) => row.key);
}

/** The rows of these keys, in the order of the keys. */
export async function entitiesOfKeys<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  keys: readonly unknown[],
  { key, shown }: SortedPage<T>,
): Promise<T[]> {
  if (keys.length === 0) return [];
  const { alias } = query;
  query
    .select([...new Set([key, ...shown])].map((property) => `${alias}.${property}`))
    .where(`${alias}.${key} IN (:...keys)`, { keys });
  const rows = new Map((await entitiesOf(query)).map((row) => [row[key] as unknown, row]));
  return keys.flatMap((one) => rows.get(one) ?? []);
}
