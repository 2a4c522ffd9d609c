import { Injectable } from '@nestjs/common';
import {
  bestOf,
  type Count,
  countOf,
  countUpTo,
  Database,
  entitiesOf,
  insertEach,
  LARGEST_COUNT,
  lookedNumber,
  meets,
  narrowedBy,
  placeholders,
  rangeTerm,
  runSql,
  type Term,
  term,
  type Transaction,
} from '#libs/database';
import type { PageWindow } from '#libs/http';
import type { SelectQueryBuilder } from 'typeorm';
import { ApiLogEntity } from './api-log.entity.js';

/** The columns of a new row, in the order of {@link NewApiLog}. */
const COLUMNS = [
  'request_id',
  'correlation_id',
  'user_id',
  'ip_address',
  'user_agent',
  'endpoint',
  'method',
  'query_string',
  'request_payload',
  'request_timestamp',
  'response_status_code',
  'response_time_ms',
  'response_size_bytes',
  'route',
] as const;

/** A row to be added, as the database stores it. */
export type NewApiLog = readonly [
  requestId: string,
  correlationId: string,
  userId: number | null,
  ipAddress: string,
  userAgent: string | null,
  endpoint: string,
  method: string,
  query: string | null,
  payload: string | null,
  timestamp: string,
  status: number,
  durationMs: number,
  bytes: number | null,
  route: string | null,
];

const INTEGERS: ReadonlySet<string> = new Set(['user_id', 'response_status_code', 'response_size_bytes']);

/**
 * PostgreSQL takes one statement, whatever the number of rows: they travel as one JSON parameter, so that the statement
 * is prepared once and 256 rows cost little more than one.
 */
const POSTGRES_INSERT = `INSERT INTO api_logs (${COLUMNS.join(', ')})
  SELECT ${COLUMNS.map((name, index) => `(value ->> ${index})${castOf(name)}`).join(', ')}
  FROM json_array_elements(CAST(? AS json)) AS rows(value)`;

/** SQLite inserts a row after the other: bound in one statement for all, they take nearly twice as long. */
const SQLITE_INSERT = `INSERT INTO api_logs (${COLUMNS.join(', ')}) VALUES (${placeholders(COLUMNS.length)})`;

function castOf(column: string): string {
  if (column === 'response_time_ms') return '::double precision';
  return INTEGERS.has(column) ? '::bigint' : '';
}

/**
 * A search for a part of a path, or for what several filters match together, looks at so many rows that one filter matches,
 * the newest ones: no index finds the rest. They take 20 to 60 ms to read, beside the event loop on SQLite.
 */
const MOST_SEARCHED = 20_000;
/** The same for several filters without such a part, which many pages of a list ask for. */
const MOST_LOOKED_AT_LOGS = 5_000;

/** What a search found. */
export interface FoundLogs {
  readonly rows: ApiLogEntity[];
  readonly count: Count;
  /** The moment of the oldest row that was looked at, when there may be older ones; null when all were. */
  readonly searchedBackTo: Date | null;
  /** How many rows were looked at then. */
  readonly searched: number;
}

interface FoundFigures {
  readonly matches: number | string;
  readonly searched: number | string;
  readonly oldest: string | null;
}

/** What a listing is narrowed to; absent means any. */
export interface ApiLogFilter {
  readonly userId?: number;
  /** Exact path as it was sent, or the template of its route. */
  readonly endpoint?: string;
  readonly method?: string;
  readonly statusCodes?: readonly number[];
  readonly from?: Date;
  readonly to?: Date;
}

/** The audit log: added to and read, nothing else. */
@Injectable()
export class ApiLogRepository {
  constructor(private readonly database: Database) {}

  /** Adds rows in their order. */
  async append(tx: Transaction, rows: readonly NewApiLog[]): Promise<void> {
    if (this.database.kind === 'postgres') {
      await runSql(tx, POSTGRES_INSERT, [JSON.stringify(rows)]);
      return;
    }
    insertEach(this.database, tx, SQLITE_INSERT, rows);
  }

  /**
   * Rows that match, newest first: what one filter matches by its index, of several what is among the newest
   * {@link MOST_SEARCHED} that the best of them matches.
   * @param part of a path or route, letter by letter; empty for any
   */
  async find(filter: ApiLogFilter, part: string, page: PageWindow): Promise<FoundLogs> {
    const searches = await Promise.all(
      pathsOf(filter.endpoint).map((path) => this.#find(filter, path, part, page.offset + page.limit)),
    );
    const [first] = searches;
    const cut = searches.flatMap(({ searchedBackTo: to }) => (to === null ? [] : [to.getTime()]));
    const total = searches.reduce((sum, { count }) => sum + count.total, 0);
    const isExact = searches.every(({ count }) => count.isExact);
    const rows =
      searches.length === 1 && first !== undefined
        ? first.rows
        : searches.flatMap((one) => one.rows).sort(byAge);
    return {
      rows: rows.slice(page.offset, page.offset + page.limit),
      count: isExact ? countOf(total) : { total: Math.min(total, LARGEST_COUNT), isExact },
      searchedBackTo: cut.length === 0 ? null : new Date(Math.max(...cut)),
      searched: Math.max(...searches.map((one) => one.searched)),
    };
  }

  /** @param most rows */
  async #find(filter: ApiLogFilter, path: Term | null, part: string, most: number): Promise<FoundLogs> {
    const { words, looked, dates } = termsOf(filter);
    const terms = path === null ? words : [path, ...words];
    const rows = (): SelectQueryBuilder<ApiLogEntity> =>
      narrowedBy(this.database.readApart.manager.createQueryBuilder(ApiLogEntity, 'l'), dates, dates);
    const [one, ...more] = terms;
    const best = one === undefined ? null : await bestOf(this.database.readApart, rows, [one, ...more]);
    const found = newestFirst(best === null ? rows() : narrowedBy(rows(), [best], [best]));
    const others = [
      ...terms.filter((other) => other !== best),
      ...looked,
      ...(part === '' ? [] : [partTerm(part)]),
    ];
    if (others.length > 0)
      return this.#searchIn(found, others, {
        most,
        looked: part === '' ? MOST_LOOKED_AT_LOGS : MOST_SEARCHED,
      });
    return {
      rows: await entitiesOf(found.clone().limit(most)),
      count: await countUpTo(this.database.readApart, found),
      searchedBackTo: null,
      searched: 0,
    };
  }

  async #searchIn(
    found: SelectQueryBuilder<ApiLogEntity>,
    others: readonly Term[],
    { most, looked }: { readonly most: number; readonly looked: number },
  ): Promise<FoundLogs> {
    const { manager } = this.database.readApart;
    const whole = found.clone();
    for (const { values } of others) found.setParameters(values);
    const newest = found
      .select(meets(others), 'hit')
      .addSelect('l.id', 'id')
      .addSelect('l.request_timestamp', 'at')
      .limit(looked);
    const from = () =>
      manager.createQueryBuilder().from(`(${newest.getQuery()})`, 's').setParameters(newest.getParameters());
    const hits = await from()
      .select('s.id', 'id')
      .where('s.hit = 1')
      .orderBy('s.at', 'DESC')
      .addOrderBy('s.id', 'DESC')
      .limit(most)
      .getRawMany<{ readonly id: number | string }>();
    const figures = await from()
      .select('COALESCE(SUM(s.hit), 0)', 'matches')
      .addSelect('COUNT(*)', 'searched')
      .addSelect('MIN(s.at)', 'oldest')
      .getRawOne<FoundFigures>();
    const { matches = 0, searched = 0, oldest = null } = figures ?? {};
    const searchedBackTo = Number(searched) < looked || oldest === null ? null : new Date(oldest);
    const ids = hits.map(({ id }) => Number(id));
    const rows =
      ids.length === 0 ? [] : await entitiesOf(whole.orderBy().where('l.id IN (:...ids)', { ids }));
    return {
      rows: rows.sort(byAge),
      count: { total: Number(matches), isExact: searchedBackTo === null },
      searchedBackTo,
      searched: looked,
    };
  }
}

const newestFirst = (query: SelectQueryBuilder<ApiLogEntity>): SelectQueryBuilder<ApiLogEntity> =>
  query.orderBy('l.requestTimestamp', 'DESC').addOrderBy('l.id', 'DESC');

const byAge = (one: ApiLogEntity, other: ApiLogEntity): number =>
  other.requestTimestamp.getTime() - one.requestTimestamp.getTime() || other.id - one.id;

/** Each row with this path is found by one of these. */
const pathsOf = (path: string | undefined): (Term | null)[] =>
  path === undefined
    ? [null]
    : [
        term('l.endpoint', '= :path', { path }),
        {
          found: 'l.route = :path AND l.route <> l.endpoint',
          looked: `COALESCE(l.route, '') = :path AND l.route <> l.endpoint`,
          values: { path },
        },
      ];

/** What a listing is narrowed to: what an index finds, what is looked at in each row, and the time. */
function termsOf({ userId, method, statusCodes, from, to }: ApiLogFilter) {
  const dates = rangeTerm('l.request_timestamp', from?.toISOString(), to?.toISOString());
  const words: Term[] = [];
  const looked: Term[] = [];
  if (userId !== undefined) words.push(term('l.user_id', '= :userId', { userId }, lookedNumber));
  // to the letter as in the conditions of the indexes
  if (method !== undefined) {
    const one = term('l.method', '= :method', { method });
    if (['GET', 'POST'].includes(method)) looked.push(one);
    else words.push({ ...one, found: `${one.found} AND l.method NOT IN ('GET', 'POST')` });
  }
  if (statusCodes !== undefined) {
    const one = term('l.response_status_code', 'IN (:...statusCodes)', { statusCodes }, lookedNumber);
    // one by the index of statuses, several by that of moments: no index has the rows of several in one order
    const found = `${statusCodes.length === 1 ? one.found : one.looked} AND l.response_status_code >= 400`;
    if (statusCodes.every((code) => code >= 400)) words.push({ ...one, found });
    else looked.push(one);
  }
  return { words, looked, dates: dates === null ? [] : [dates] };
}

/** Letter by letter; `LIKE` would ignore case on one of the two databases, and know wildcards. */
function partTerm(part: string): Term {
  const contains = (column: string): string => `replace(${column}, :part, '') <> ${column}`;
  const looked = `(${contains('l.endpoint')} OR ${contains('l.route')})`;
  return { found: looked, looked, values: { part } };
}
