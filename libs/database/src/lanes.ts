import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { entitiesIn } from './entity-rows.js';
import {
  entitiesOfKeys,
  meets,
  narrowedBy,
  type SortedPage,
  type Sorting,
  type Term,
} from './narrowed-rows.js';
import type { SqlValue } from './sql-statements.js';
import { isPostgres } from './statements.js';
import type { DatabaseScope } from './transaction.js';

/** A column with few values, all of which are known; words of the code, never of a caller. */
export interface LaneColumn {
  readonly column: string;
  readonly values: readonly (string | number)[];
}

/**
 * A list as lanes: in each one the columns of few values have one value each, so that an index, which begins with what
 * `found` and these columns fix, has the rows of a lane in the order of the list.
 */
export interface Laned<T extends ObjectLiteral> {
  readonly rows: () => SelectQueryBuilder<T>;
  readonly columns: readonly LaneColumn[];
  /** What the index finds by. */
  readonly found: readonly Term[];
  /** What is looked at in each row. */
  readonly looked: readonly Term[];
  /** Whether it is known that nothing matches: then what lies far down is not read for nothing. */
  readonly isNone?: () => Promise<boolean>;
}

/** Rows of lanes that are read for a page at most: about 10 ms. */
const MOST_READ = 6_000;
/** A page that so many are enough for takes one statement, in which they are put in order: about 1 ms. */
const MOST_AT_ONCE = 1_000;
/** Rows that are looked at in one statement, and in another one when the page is not among them. */
const LOOKED_AT = [2_000, 8_000];
/** Rows of a page, with those before it, that are put together from lanes. */
const DEEPEST = 1_000;
const GROWTH = 4;

type Key = readonly SqlValue[];

/** What is read of a lane. */
interface Lane {
  readonly values: Key;
  rows: readonly Key[];
  /** The last row that was read; null when there is no other. */
  last: Key | null;
}

/** All rows of some lanes, in no order. */
export function inEach<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  columns: readonly LaneColumn[],
): SelectQueryBuilder<T> {
  for (const { column, values } of columns) {
    const words = values.map((value) => (typeof value === 'number' ? String(value) : `'${value}'`));
    query.andWhere(`${column} IN (${words.join(', ')})`);
  }
  return query;
}

/**
 * A page of a list whose lanes are read side by side, each only as far as the page needs it: of 90 lanes some 300 rows
 * for a page of 20. Null when it would take too many, because what is looked at lies far down or the page itself does.
 */
export async function entitiesOfLanes<T extends ObjectLiteral>(
  scope: DatabaseScope,
  laned: Laned<T>,
  page: SortedPage<T>,
): Promise<T[] | null> {
  const { limit, offset = 0 } = page;
  const sorting = page.sorting.filter(
    ([column], index) => page.sorting.findIndex(([other]) => other === column) === index,
  );
  const depth = limit + offset;
  if (depth > DEEPEST) return null;
  const fixed = combined(laned.columns);
  const whole = { fixed, sorting, page };
  if (laned.looked.length > 0) return lookedAt(scope, laned, whole);
  if (fixed.length * depth <= MOST_AT_ONCE) return atOnce(scope, laned, { ...whole, rows: depth });
  const lanes = fixed.map((values): Lane => ({ values, rows: [], last: [] }));
  const compare = comparison(sorting);
  let open = lanes;
  let read = 0;
  for (let rows = startOf(depth, lanes.length); open.length > 0; rows *= GROWTH) {
    read += open.length * rows;
    if (read > Math.max(MOST_READ, lanes.length * startOf(depth, lanes.length))) return null;
    await readOn(scope, laned, { open, sorting, rows });
    const nth = firstOf(lanes, compare, depth)[depth - 1];
    open = open.filter(({ last }) => last !== null && (nth === undefined || compare(last, nth) < 0));
  }
  const keys = firstOf(lanes, compare, depth)
    .slice(offset)
    .map((key) => key.at(-1));
  return entitiesOfKeys(laned.rows(), keys, page);
}

/** Twice the share of a lane in the page, as a power of two: a statement's text is that of few lengths. */
const startOf = (depth: number, lanes: number): number =>
  2 ** Math.ceil(Math.log2(Math.min(depth, Math.max(4, (2 * depth) / lanes))));

const combined = (columns: readonly LaneColumn[]): Key[] =>
  columns.reduce<Key[]>(
    (some, { values }) => some.flatMap((fixed) => values.map((value) => [...fixed, value])),
    [[]],
  );

const firstOf = (lanes: readonly Lane[], compare: (one: Key, other: Key) => number, count: number): Key[] =>
  lanes
    .flatMap(({ rows }) => rows)
    .sort(compare)
    .slice(0, count);

function comparison(sorting: Sorting): (one: Key, other: Key) => number {
  return (one, other) => {
    for (const [index, [, direction]] of sorting.entries()) {
      const [first, second] = [one[index] ?? '', other[index] ?? ''];
      if (first !== second) return first < second === (direction === 'ASC') ? -1 : 1;
    }
    return 0;
  };
}

interface Whole<T extends ObjectLiteral> {
  /** The values of each lane. */
  readonly fixed: readonly Key[];
  readonly sorting: Sorting;
  readonly page: SortedPage<T>;
}

/** A page of rows that are looked at; null when it is not among so many. */
async function lookedAt<T extends ObjectLiteral>(
  scope: DatabaseScope,
  laned: Laned<T>,
  whole: Whole<T>,
): Promise<T[] | null> {
  const lanes = whole.fixed.length;
  const depth = whole.page.limit + (whole.page.offset ?? 0);
  for (const [nth, most] of LOOKED_AT.entries()) {
    if (nth > 0 && (await laned.isNone?.()) === true) return [];
    const rows = Math.max(startOf(depth, lanes), Math.ceil(most / lanes));
    const found = await atOnce(scope, laned, { ...whole, rows });
    if (found !== null) return found;
  }
  return null;
}

/**
 * A page from the first rows of each lane, put together in one statement; null when rows behind them may belong to it.
 * @param rows of a lane that are looked at, at most
 */
async function atOnce<T extends ObjectLiteral>(
  scope: DatabaseScope,
  laned: Laned<T>,
  { fixed, sorting, page, rows }: Whole<T> & { readonly rows: number },
): Promise<T[] | null> {
  const { key, shown, limit, offset = 0 } = page;
  const one = laneQuery(scope, laned, sorting);
  const names = [...sorting.keys()].map((index) => `s${index}`);
  const order = sorting.map(([, direction], index) => `s${index} ${direction}`).join(', ');
  const first = firstOfLane(one.getQuery(), names, {
    rows,
    depth: limit + offset,
    looks: laned.looked.length > 0,
  });
  const shownNames = ['hit', ...names];
  const every = isPostgres(scope)
    ? `SELECT r.* FROM ${lanesOf(scope)} lane CROSS JOIN LATERAL (${first}) r`
    : `SELECT ${shownNames.map((name, index) => `json_extract(f.value, '$[${index}]') AS ${name}`).join(', ')} FROM
        (SELECT (SELECT json_group_array(json_array(${shownNames.map((name) => `r.${name}`).join(', ')})) FROM (${first}) r) AS found
         FROM ${lanesOf(scope)} lane) l, json_each(l.found) f`;
  const ordered = `SELECT * FROM (${every}) every ORDER BY ${order} LIMIT`;
  // where the page is not known, only that is told
  const pageRows =
    laned.looked.length === 0
      ? `${ordered} ${limit} OFFSET ${offset}`
      : `WITH ordered AS (${ordered} ${limit + offset}), ends AS (SELECT COUNT(*) AS every FROM ordered WHERE hit = 0)
         SELECT * FROM ordered WHERE hit = 0 OR (SELECT every FROM ends) = 0
           ORDER BY ${order} LIMIT ${limit} OFFSET CASE (SELECT every FROM ends) WHEN 0 THEN ${offset} ELSE 0 END`;
  const all = laned.rows();
  const query = scope.manager
    .createQueryBuilder(all.expressionMap.mainAlias?.metadata.target as new () => T, all.alias)
    .select([...new Set([key, ...shown])].map((property) => `${all.alias}.${property}`))
    .addSelect('page.hit', 'hit')
    .innerJoin(`(${pageRows})`, 'page', `page.${names.at(-1)} = ${all.alias}.${key}`)
    .setParameters({ ...one.getParameters(), ...lanesAs(fixed) });
  for (const [index, [, direction]] of sorting.entries()) query.addOrderBy(`page.s${index}`, direction);
  const found = await query.getRawMany<Record<string, unknown>>();
  return found.some(({ hit }) => hit === 0) ? null : entitiesIn(query, found);
}

/**
 * Of a lane the rows that meet all terms, as many as a page may need, in the first so many. When these are fewer, the last row
 * that was looked at comes with them, as one that is no hit: what lies behind it is not known.
 */
function firstOfLane(
  lane: string,
  names: readonly string[],
  { rows, depth, looks }: { readonly rows: number; readonly depth: number; readonly looks: boolean },
): string {
  const columns = names.join(', ');
  if (!looks) return `${lane} LIMIT ${depth}`;
  return `WITH hits AS MATERIALIZED (SELECT ${columns} FROM (${lane} LIMIT ${rows}) one WHERE hit = 1 LIMIT ${depth})
    SELECT 1 AS hit, ${columns} FROM hits
    UNION ALL SELECT 0 AS hit, ${columns} FROM (${lane} LIMIT 1 OFFSET ${rows - 1}) last
      WHERE (SELECT COUNT(*) FROM hits) < ${depth}`;
}

/** The lanes of {@link lanesAs} as a table. */
const lanesOf = (scope: DatabaseScope): string =>
  `(SELECT value FROM ${isPostgres(scope) ? 'json_array_elements(CAST(:lanes AS json))' : 'json_each(:lanes)'})`;
const lanesAs = (fixed: readonly Key[]) => ({ lanes: JSON.stringify(fixed) });

/** Reads the first `rows` rows of each lane. */
async function readOn<T extends ObjectLiteral>(
  scope: DatabaseScope,
  laned: Laned<T>,
  {
    open,
    sorting,
    rows,
  }: { readonly open: readonly Lane[]; readonly sorting: Sorting; readonly rows: number },
): Promise<void> {
  const one = laneQuery(scope, laned, sorting).limit(rows);
  const keys = [...sorting.keys()].map((index) => `r.s${index}`).join(', ');
  const [array, object] = isPostgres(scope)
    ? ['json_agg', 'json_build_array']
    : ['json_group_array', 'json_array'];
  const found = await scope.manager
    .createQueryBuilder()
    .select(`(SELECT ${array}(${object}(${keys})) FROM (${one.getQuery()}) r)`, 'found')
    .from(lanesOf(scope), 'lane')
    .setParameters({ ...one.getParameters(), ...lanesAs(open.map(({ values }) => values)) })
    .getRawMany<{ readonly found: string | readonly Key[] | null }>();
  for (const [index, lane] of open.entries()) {
    const told = found[index]?.found ?? [];
    const all = typeof told === 'string' ? (JSON.parse(told) as readonly Key[]) : told;
    lane.rows = all;
    lane.last = all.length < rows ? null : (all.at(-1) ?? null);
  }
}

/** The rows of one lane in their order, with what they are sorted by. */
function laneQuery<T extends ObjectLiteral>(
  scope: DatabaseScope,
  { rows, columns, found, looked }: Laned<T>,
  sorting: Sorting,
): SelectQueryBuilder<T> {
  const query = narrowedBy(rows(), found, found);
  for (const [index, { column, values }] of columns.entries())
    query.andWhere(`${column} = ${fixedValue(scope, index, typeof values[0] === 'number')}`);
  for (const { values } of looked) query.setParameters(values);
  query.select(meets(looked), 'hit').orderBy();
  for (const [index, [column, direction]] of sorting.entries()) {
    query.addSelect(column, `s${index}`);
    if (!columns.some((lane) => lane.column === column)) query.addOrderBy(column, direction);
  }
  return query;
}

function fixedValue(scope: DatabaseScope, index: number, isNumber: boolean): string {
  if (!isPostgres(scope)) return `json_extract(lane.value, '$[${index}]')`;
  return isNumber ? `CAST(lane.value ->> ${index} AS integer)` : `(lane.value ->> ${index})`;
}
