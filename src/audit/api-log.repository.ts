import { Injectable } from '@nestjs/common';
import {
  type Count,
  countOf,
  countUpTo,
  Database,
  entitiesOf,
  entityOf,
  insertEach,
  placeholders,
  runSql,
  type Transaction,
} from '#libs/database';
import type { PageWindow } from '#libs/http';
import {
  Between,
  In,
  LessThanOrEqual,
  MoreThanOrEqual,
  Raw,
  type FindOptionsWhere,
  type SelectQueryBuilder,
} from 'typeorm';
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
 * A search for a part of a path looks at so many rows that match the other filters, the newest ones: no index finds a part.
 * They take 20 to 60 ms to read, beside the event loop on SQLite.
 */
export const MOST_SEARCHED = 20_000;

/** What a search found. */
export interface FoundLogs {
  readonly rows: ApiLogEntity[];
  readonly count: Count;
  /** The moment of the oldest row that was looked at, when there may be older ones; null when all were. */
  readonly searchedBackTo: Date | null;
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

  /** Newest first. */
  async newest(filter: ApiLogFilter, { limit, offset }: PageWindow): Promise<ApiLogEntity[]> {
    const queries = this.#matching(filter);
    const [first] = queries;
    if (queries.length === 1 && first !== undefined)
      return entitiesOf(newestFirst(first).limit(limit).offset(offset));
    const parts = await Promise.all(
      queries.map((query) => entitiesOf(newestFirst(query).limit(offset + limit))),
    );
    return parts
      .flat()
      .sort(byAge)
      .slice(offset, offset + limit);
  }

  /** Rows whose path or route has this text, letter by letter, newest first, among the newest {@link MOST_SEARCHED}. */
  async search(filter: ApiLogFilter, part: string, { limit, offset }: PageWindow): Promise<FoundLogs> {
    const searches = await Promise.all(
      this.#matching(filter).map((query) => this.#searchIn(query, part, offset + limit)),
    );
    const total = searches.reduce((sum, { matches }) => sum + matches, 0);
    const cut = searches.flatMap(({ back }) => (back === null ? [] : [back.getTime()]));
    return {
      rows: searches
        .flatMap(({ rows }) => rows)
        .sort(byAge)
        .slice(offset, offset + limit),
      count: { total, isExact: cut.length === 0 },
      searchedBackTo: cut.length === 0 ? null : new Date(Math.max(...cut)),
    };
  }

  async #searchIn(query: SelectQueryBuilder<ApiLogEntity>, part: string, most: number) {
    const { manager } = this.database.readApart;
    const newest = newestFirst(query).limit(MOST_SEARCHED);
    const from = () =>
      manager
        .createQueryBuilder()
        .from(`(${newest.getQuery()})`, 's')
        .setParameters({ ...newest.getParameters(), part });
    const isFound = `(${contains('s.l_endpoint')} OR ${contains('s.l_route')})`;
    const rows = await from()
      .select('*')
      .where(isFound)
      .orderBy('s.l_request_timestamp', 'DESC')
      .addOrderBy('s.l_id', 'DESC')
      .limit(most)
      .getRawMany<Record<string, unknown>>();
    const figures = await from()
      .select(`COALESCE(SUM(CASE WHEN ${isFound} THEN 1 ELSE 0 END), 0)`, 'matches')
      .addSelect('COUNT(*)', 'searched')
      .addSelect('MIN(s.l_request_timestamp)', 'oldest')
      .getRawOne<FoundFigures>();
    const { matches = 0, searched = 0, oldest = null } = figures ?? {};
    return {
      rows: rows.map((row) => entityOf({ manager }, ApiLogEntity, withoutAlias(row))),
      matches: Number(matches),
      back: Number(searched) < MOST_SEARCHED || oldest === null ? null : new Date(oldest),
    };
  }

  async count(filter: ApiLogFilter): Promise<Count> {
    const counts = await Promise.all(
      this.#matching(filter).map((query) => countUpTo(this.database.readApart, query)),
    );
    return countOf(counts.reduce((sum, { total, isExact }) => sum + total + (isExact ? 0 : 1), 0));
  }

  /** Each row that matches is found by one of the queries. */
  #matching(filter: ApiLogFilter): SelectQueryBuilder<ApiLogEntity>[] {
    if (filter.endpoint === undefined) return [this.#query(filter)];
    const path = filter.endpoint;
    return [
      this.#query(filter).andWhere('l.endpoint = :path', { path }),
      this.#query(filter).andWhere('l.route = :path AND l.route <> l.endpoint', { path }),
    ];
  }

  #query(filter: ApiLogFilter): SelectQueryBuilder<ApiLogEntity> {
    const query = this.database.readApart.manager
      .createQueryBuilder(ApiLogEntity, 'l')
      .where(whereOf(filter));
    // to the letter as in the conditions of the indexes
    const { method, statusCodes } = filter;
    if (method !== undefined && !['GET', 'POST'].includes(method))
      query.andWhere(`l.method NOT IN ('GET', 'POST')`);
    if (statusCodes?.every((code) => code >= 400) === true) query.andWhere('l.response_status_code >= 400');
    return query;
  }
}

const newestFirst = (query: SelectQueryBuilder<ApiLogEntity>): SelectQueryBuilder<ApiLogEntity> =>
  query.orderBy('l.requestTimestamp', 'DESC').addOrderBy('l.id', 'DESC');

const byAge = (one: ApiLogEntity, other: ApiLogEntity): number =>
  other.requestTimestamp.getTime() - one.requestTimestamp.getTime() || other.id - one.id;

function whereOf(filter: ApiLogFilter): FindOptionsWhere<ApiLogEntity> {
  const { userId, method, statusCodes, from, to } = filter;
  return {
    ...(userId !== undefined && { userId }),
    ...(method !== undefined && { method }),
    ...(statusCodes !== undefined && { responseStatusCode: oneOf(statusCodes) }),
    ...periodOf(from, to),
  };
}

function periodOf(from: Date | undefined, to: Date | undefined): FindOptionsWhere<ApiLogEntity> {
  if (from !== undefined && to !== undefined) return { requestTimestamp: Between(from, to) };
  if (from !== undefined) return { requestTimestamp: MoreThanOrEqual(from) };
  return to === undefined ? {} : { requestTimestamp: LessThanOrEqual(to) };
}

/** One by the index of statuses, several by that of moments: no index has the rows of several in one order. */
const oneOf = (codes: readonly number[]) =>
  codes.length === 1 ? In([...codes]) : Raw((column) => `+ ${column} IN (:...codes)`, { codes });

/** The columns of a row under their own names, which TypeORM puts the alias before. */
const withoutAlias = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replace(/^l_/, ''), value]));

/** Letter by letter; `LIKE` would ignore case on one of the two databases, and know wildcards. */
const contains = (column: string): string => `replace(${column}, :part, '') <> ${column}`;
