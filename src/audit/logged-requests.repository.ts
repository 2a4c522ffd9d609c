import { Injectable } from '@nestjs/common';
import {
  Database,
  EVERYBODY,
  keptWithin,
  lockName,
  lookedNumber,
  lookedText,
  runSql,
  type Transaction,
} from '#libs/database';

/** Rows that are added up in one transaction: about 3 ms on SQLite. */
const ROWS_A_SUM = 2_000;

/** The last row of the log that is added up. */
const THROUGH = `SELECT COALESCE(MAX(amount), 0) FROM figures
  WHERE source = 'requests' AND owner_id = ${EVERYBODY} AND period = '' AND name = 'through'`;

const rowsOf = (owner: string, name: string, condition = ''): string =>
  `SELECT ${owner} AS owner, request_timestamp, '${name}' AS name FROM api_logs WHERE id > ? AND id <= ?${condition}`;
const FAILED = ' AND response_status_code >= 400';

/** Requests and failed ones by the hour, of each caller and of everybody. */
const ADD_UP = `INSERT INTO figures (source, owner_id, period, name, events, amount)
  SELECT 'requests', owner, substr(request_timestamp, 1, 13), name, COUNT(*), 0 FROM (
    ${rowsOf('COALESCE(user_id, 0)', 'requests')} UNION ALL ${rowsOf('COALESCE(user_id, 0)', 'failed', FAILED)}
    UNION ALL ${rowsOf(String(EVERYBODY), 'requests')} UNION ALL ${rowsOf(String(EVERYBODY), 'failed', FAILED)}
  ) AS added WHERE TRUE GROUP BY owner, substr(request_timestamp, 1, 13), name
  ON CONFLICT (source, owner_id, period, name) DO UPDATE SET events = figures.events + excluded.events`;

/**
 * How many requests the audit log has of whom, by the hour. Its rows never change, so they are added up behind the
 * requests, which pay nothing for it; a reader counts the few rows that are not added up yet.
 */
@Injectable()
export class LoggedRequests {
  constructor(private readonly database: Database) {}

  /**
   * Requests from the beginning of the hour that `since` lies in.
   * @param name all of them, or those that were answered with 400 or above
   * @param userId whose; null for everybody's
   */
  async count(name: 'requests' | 'failed', userId: number | null, since: Date): Promise<number> {
    const hour = since.toISOString().slice(0, 13);
    const ofUser = userId === null ? '' : ` AND ${lookedNumber('user_id')} = ?`;
    const whose = {
      sql: `source = 'requests' AND owner_id = ? AND name = ?`,
      values: [userId ?? EVERYBODY, name],
    };
    const kept = keptWithin('events', whose, since);
    const soFar = await this.#through();
    // found by their ids alone: an index of accounts has a year of rows to go through, a few of them new
    // one statement, so that no row is added up between its halves
    const [row] = await runSql<{ total: number | string }>(
      this.database.readApart,
      `SELECT (SELECT COALESCE(SUM(events), 0) FROM (${kept.sql}) AS added)
        + (SELECT COUNT(*) FROM api_logs WHERE id > ? AND id > (${THROUGH}) AND ${lookedText('request_timestamp')} >= ?
          ${ofUser}${name === 'failed' ? FAILED : ''}) AS total`,
      // it only grows: PostgreSQL expects few rows above a number that it knows, and half of the log above one that it does not
      [...kept.values, soFar, hour, ...(userId === null ? [] : [userId])],
    );
    return Number(row?.total ?? 0);
  }

  async #through(): Promise<number> {
    const [row] = await runSql<{ id: number | string }>(this.database.read, `SELECT (${THROUGH}) AS id`);
    return Number(row?.id ?? 0);
  }

  /** The newest row's id; 0 without rows. */
  async newestRow(): Promise<number> {
    const [row] = await runSql<{ id: number | null }>(
      this.database.read,
      'SELECT MAX(id) AS id FROM api_logs',
    );
    return row?.id ?? 0;
  }

  /** Adds the next rows up, at most to this one; returns whether more wait. Several processes may do so at once. */
  async addUp(tx: Transaction, lastId: number): Promise<boolean> {
    await lockName(tx, 'figures:requests');
    const [through] = await runSql<{ id: number | string }>(tx, `SELECT (${THROUGH}) AS id`);
    const from = Number(through?.id ?? 0);
    const to = Math.min(lastId, from + ROWS_A_SUM);
    if (to <= from) return false;
    await runSql(tx, ADD_UP, [from, to, from, to, from, to, from, to]);
    await runSql(
      tx,
      `INSERT INTO figures (source, owner_id, period, name, events, amount)
       VALUES ('requests', ${EVERYBODY}, '', 'through', 0, ?)
       ON CONFLICT (source, owner_id, period, name) DO UPDATE SET amount = excluded.amount`,
      [to],
    );
    return to < lastId;
  }
}
