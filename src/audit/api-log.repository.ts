import { Injectable } from '@nestjs/common';
import {
  bestOf,
  type Count,
  countOf,
  countUpTo,
  Database,
  entitiesIn,
  entitiesOf,
  entitiesOfLanes,
  inEach,
  insertEach,
  meets,
  narrowedBy,
  placeholders,
  runSql,
  type Sorting,
  type Term,
  type Transaction,
} from '#libs/database';
import type { PageWindow } from '#libs/http';
import type { SelectQueryBuilder } from 'typeorm';
import { type ApiLogFilter, FAILED, partTerm, pathsOf, termsOf } from './api-log-terms.js';
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
/** A page that is full after so many does not look at more. */
const SOON_SEARCHED = 1_000;
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

/** Which rows, and what is read of them. */
export interface LogPage extends PageWindow {
  /** Absent: all. */
  readonly fields?: readonly (keyof ApiLogEntity)[] | undefined;
}

/** How far is searched, and for how many rows. */
interface Search {
  readonly most: number;
  readonly looked: number;
  /** Whether to look at a row again takes longer than to keep what it said. */
  readonly isDear: boolean;
  readonly fields: LogPage['fields'];
}

/** What was looked at, and a row that is among it; its columns are null when none is. */
interface FoundFigures {
  readonly l_id: number | string | null;
  readonly matches: number | string;
  readonly searched: number | string;
  readonly oldest: string | null;
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
  async find(filter: ApiLogFilter, part: string, page: LogPage): Promise<FoundLogs> {
    const searches = await Promise.all(
      pathsOf(filter.endpoint).map((path) => this.#find(filter, path, part, page)),
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
      count: isExact ? countOf(total) : { total, isExact },
      searchedBackTo: cut.length === 0 ? null : new Date(Math.max(...cut)),
      searched: Math.max(...searches.map((one) => one.searched)),
    };
  }

  async #find(
    filter: ApiLogFilter,
    path: Term | null,
    part: string,
    { limit, offset, fields }: LogPage,
  ): Promise<FoundLogs> {
    const most = offset + limit;
    const { words, looked, dates, codes } = termsOf(filter);
    const terms = path === null ? words : [path, ...words];
    const rows = (): Logs =>
      narrowedBy(this.database.readApart.manager.createQueryBuilder(ApiLogEntity, 'l'), dates, dates);
    if (codes !== null && path === null && part === '' && words.length + looked.length === 2) {
      const failed = await this.#ofCodes(rows, codes, { limit: most, fields });
      if (failed !== null) return failed;
    }
    const [one, ...more] = terms;
    const best = one === undefined ? null : await bestOf(this.database.readApart, rows, [one, ...more]);
    const found = newestFirst(best === null ? rows() : narrowedBy(rows(), [best], [best]));
    const others = [
      ...terms.filter((other) => other !== best),
      ...looked,
      ...(part === '' ? [] : [partTerm(part)]),
    ];
    if (others.length > 0) {
      const search = { most, looked: MOST_LOOKED_AT_LOGS, isDear: part !== '', fields };
      if (!search.isDear) return this.#searchIn(found, others, search);
      // a part is looked for in the rows themselves: no more of them than a full page takes
      const soon = await this.#searchIn(found.clone(), others, { ...search, looked: SOON_SEARCHED });
      const isEnough = soon.searchedBackTo === null || soon.rows.length === most;
      return isEnough ? soon : this.#searchIn(found, others, { ...search, looked: MOST_SEARCHED });
    }
    const page = found.clone().limit(most);
    if (fields !== undefined) page.select(fields.map((field) => `l.${field}`));
    const [pageRows, count] = await Promise.all([
      entitiesOf(page),
      countUpTo(this.database.readApart, found),
    ]);
    return { rows: pageRows, count, searchedBackTo: null, searched: 0 };
  }

  /** Of several codes, each found by itself; null when the page lies too deep. */
  async #ofCodes(
    rows: () => Logs,
    codes: readonly number[],
    { limit, fields }: Omit<LogPage, 'offset'>,
  ): Promise<FoundLogs | null> {
    const failed = { found: FAILED, looked: FAILED, values: {} };
    const columns = [{ column: 'l.response_status_code', values: codes }];
    const [found, count] = await Promise.all([
      entitiesOfLanes(
        this.database.readApart,
        { rows, columns, found: [failed], looked: [] },
        { key: 'id', shown: fields ?? this.#properties(), sorting: NEWEST_FIRST, limit },
      ),
      countUpTo(this.database.readApart, inEach(rows().andWhere(FAILED), columns)),
    ]);
    return found === null ? null : { rows: found, count, searchedBackTo: null, searched: 0 };
  }

  #properties(): (keyof ApiLogEntity)[] {
    return this.#columns().map(({ propertyName }) => propertyName as keyof ApiLogEntity);
  }

  #columns() {
    return this.database.readApart.manager.dataSource.getMetadata(ApiLogEntity).columns;
  }

  async #searchIn(
    found: Logs,
    others: readonly Term[],
    { most, looked, isDear, fields = this.#properties() }: Search,
  ): Promise<FoundLogs> {
    const scope = this.database.readApart;
    for (const { values } of others) found.setParameters(values);
    const [newest, parameters] = found
      .select(meets(others), 'hit')
      .addSelect('l.id', 'id')
      .addSelect('l.request_timestamp', 'at')
      .limit(looked)
      .getQueryAndParameters();
    const shown = this.#columns().filter(({ propertyName }) =>
      fields.some((field) => field === propertyName),
    );
    // in one statement the figures of all that is looked at, and its first hits, which in an index are soon found again
    const [kept, order] = isDear ? ['', 'ORDER BY s.at DESC, s.id DESC '] : ['NOT ', ''];
    const searches = (await scope.manager.query(
      `WITH s AS ${kept}MATERIALIZED (${newest})
       SELECT figures.*, ${shown.map(({ databaseName: name }) => `l.${name} AS l_${name}`).join(', ')}
         FROM (SELECT COALESCE(SUM(s.hit), 0) AS matches, COUNT(*) AS searched, MIN(s.at) AS oldest FROM s) AS figures
         LEFT JOIN (SELECT s.id FROM s WHERE s.hit = 1 ${order}LIMIT ${most}) AS hits ON TRUE
         LEFT JOIN api_logs l ON l.id = hits.id`,
      parameters,
    )) as (FoundFigures & Record<string, unknown>)[];
    const [{ matches, searched, oldest } = { matches: 0, searched: 0, oldest: null }] = searches;
    const searchedBackTo = Number(searched) < looked || oldest === null ? null : new Date(oldest);
    const hits = searches.filter(({ l_id: id }) => id !== null);
    return {
      rows: entitiesIn(found, hits).sort(byAge),
      count: { total: Number(matches), isExact: searchedBackTo === null },
      searchedBackTo,
      searched: looked,
    };
  }
}

type Logs = SelectQueryBuilder<ApiLogEntity>;

const NEWEST_FIRST: Sorting = [
  ['l.request_timestamp', 'DESC'],
  ['l.id', 'DESC'],
];

const newestFirst = (query: SelectQueryBuilder<ApiLogEntity>): SelectQueryBuilder<ApiLogEntity> =>
  query.orderBy('l.requestTimestamp', 'DESC').addOrderBy('l.id', 'DESC');

const byAge = (one: ApiLogEntity, other: ApiLogEntity): number =>
  other.requestTimestamp.getTime() - one.requestTimestamp.getTime() || other.id - one.id;
