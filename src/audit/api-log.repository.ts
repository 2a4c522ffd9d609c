import { Injectable } from '@nestjs/common';
import {
  type Count,
  countOf,
  countUpTo,
  Database,
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

/** What a listing is narrowed to; absent means any. */
export interface ApiLogFilter {
  readonly userId?: number;
  /** Exact path as it was sent, or the template of its route. */
  readonly endpoint?: string;
  /** Part of either. */
  readonly endpointPart?: string;
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
      return newestFirst(first).limit(limit).offset(offset).getMany();
    const parts = await Promise.all(
      queries.map((query) =>
        newestFirst(query)
          .limit(offset + limit)
          .getMany(),
      ),
    );
    return parts
      .flat()
      .sort(byAge)
      .slice(offset, offset + limit);
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
  const { userId, endpointPart, method, statusCodes, from, to } = filter;
  return {
    ...(userId !== undefined && { userId }),
    ...(endpointPart !== undefined && endpointPart !== '' && { endpoint: containing(endpointPart) }),
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

/** A path is found as it was sent, and by its route: `/api/v1/auth/%6cogin` is a login. */
const containing = (part: string) => Raw((sent) => `(${contains(sent)} OR ${contains('route')})`, { part });

/** Letter by letter; `LIKE` would ignore case on one of the two databases, and know wildcards. */
const contains = (column: string): string => `replace(${column}, :part, '') <> ${column}`;
