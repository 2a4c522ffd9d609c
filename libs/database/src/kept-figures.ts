import type { Database } from './database.js';
import { EVERYBODY, hourOf, type Kept, keptWithin, type Whose } from './figure-sums.js';
import { placeholders, readSql, runSql } from './statements.js';
import type { TransactionRunner } from './transaction-runner.js';

/** Changes that one transaction takes over: about 2 ms on SQLite, where others wait for it. */
const BATCH = 1_000;

export interface Figure {
  readonly events: number;
  readonly amount: number;
}

/** Figures by name; what never was is left out. */
export type Figures = ReadonlyMap<string, Figure>;

/** How often something happened on a day (UTC), `2026-11-28`. */
export interface DailyFigure {
  readonly day: string;
  readonly name: string;
  readonly events: number;
}

interface FigureRow {
  readonly owner: number;
  readonly name: string;
  readonly events: number | string;
  readonly amount: number | string;
}

/**
 * Figures that triggers keep with every change of a row (see the migration `Figures`), exact at any moment: the sums of
 * `figures` and the changes that are not added to them yet. Reading costs what it returns, not what the tables hold.
 */
export class KeptFigures {
  constructor(private readonly database: Database) {}

  /** All time. @param owner whose; absent: everybody's */
  standing(source: string, owner: number = EVERYBODY): Promise<Figures> {
    return this.#of(source, owner, null);
  }

  /**
   * From the beginning of the hour that `moment` lies in.
   * @param owner whose; absent: everybody's
   * @param names those that are read; absent: all
   */
  since(
    source: string,
    moment: Date,
    owner: number = EVERYBODY,
    names: readonly string[] = [],
  ): Promise<Figures> {
    return this.#of(source, owner, [moment], names);
  }

  /** Of the hours from that of `from` on, up to that of `to`, which is left out. @param owner whose; absent: everybody's */
  between(source: string, from: Date, to: Date, owner: number = EVERYBODY): Promise<Figures> {
    return this.#of(source, owner, [from, to]);
  }

  /** From the beginning of the hour that `moment` lies in, day by day: at most as many rows are read as there are hours and names. */
  async daily(source: string, moment: Date, owner: number): Promise<readonly DailyFigure[]> {
    const of = (table: string): string =>
      `SELECT substr(period, 1, 10) AS day, name, events FROM ${table} WHERE source = ? AND owner_id = ? AND period >= ?`;
    const values = [source, owner, hourOf(moment)];
    const rows = await runSql<DailyFigure>(
      this.database.readApart,
      `SELECT day, name, SUM(events) AS events FROM (${of('figures')} UNION ALL ${of('figure_changes')}) AS every
       GROUP BY day, name`,
      [...values, ...values],
    );
    return rows.map(({ day, name, events }) => ({ day, name, events: Number(events) }));
  }

  /** Owners of whom there is anything of this name in those hours. */
  async ownersBetween(source: string, name: string, from: Date, to: Date): Promise<ReadonlySet<number>> {
    const whose = { sql: 'source = ? AND name = ?', values: [source, name], ofMany: true } as const;
    const kept = keptWithin('owner_id', whose, from, to);
    const rows = await runSql<{ owner_id: number }>(
      this.database.readApart,
      `SELECT DISTINCT owner_id FROM (${kept.sql}
         UNION ALL SELECT owner_id FROM figure_changes WHERE ${whose.sql} AND period >= ? AND period < ?) AS every`,
      [...kept.values, ...whose.values, hourOf(from), hourOf(to)],
    );
    return new Set(rows.map((row) => row.owner_id).filter((owner) => owner !== EVERYBODY));
  }

  /** All time, by owner; owners without any are left out. At most 1,000 owners a call. */
  async ofOwners(source: string, owners: readonly number[]): Promise<ReadonlyMap<number, Figures>> {
    if (owners.length === 0) return new Map();
    const whose = `source = ? AND owner_id IN (${placeholders(owners.length)})`;
    return byOwner(await this.#rows({ sql: whose, values: [source, ...owners] }, null));
  }

  /** As {@link since} of each owner of whom there is anything. */
  async byOwnerSince(source: string, moment: Date): Promise<ReadonlyMap<number, Figures>> {
    const whose = { sql: `source = ? AND owner_id <> ${EVERYBODY}`, values: [source], ofMany: true } as const;
    return byOwner(await this.#rows(whose, [moment]));
  }

  /** @param hours from that of the first moment, up to that of the second; null for all time */
  async #of(source: string, owner: number, hours: Hours, names: readonly string[] = []): Promise<Figures> {
    const named = names.length === 0 ? '' : ` AND name IN (${placeholders(names.length)})`;
    const whose = { sql: `source = ? AND owner_id = ?${named}`, values: [source, owner, ...names] };
    const fresh = owner === EVERYBODY ? { sql: `source = ?${named}`, values: [source, ...names] } : whose;
    // all time is a fixed number of rows and the newest changes; hours are many
    const { read, readApart } = this.database;
    const rows = await readSql<FigureRow>(
      hours === null ? read : readApart,
      ...sumOf('0', whose, fresh, hours),
    );
    return byOwner(rows).get(0) ?? new Map();
  }

  #rows(whose: Whose, hours: Hours): Promise<FigureRow[]> {
    return runSql<FigureRow>(this.database.readApart, ...sumOf('owner_id', whose, whose, hours));
  }
}

type Hours = readonly [from: Date, to?: Date] | null;

/** Figures by owner and name, of what is added up and what is not yet. */
function sumOf(
  owner: string,
  whose: Whose,
  fresh: Kept,
  hours: Hours,
): [sql: string, values: (string | number)[]] {
  const columns = `${owner} AS owner, name, events, amount`;
  const [from, to] = hours ?? [];
  const kept =
    from === undefined
      ? { sql: `SELECT ${columns} FROM figures WHERE ${whose.sql} AND period = ''`, values: whose.values }
      : keptWithin(columns, whose, from, to);
  const within = `period ${from === undefined ? `= ''` : `>= ?${to === undefined ? '' : ' AND period < ?'}`}`;
  return [
    `SELECT owner, name, SUM(events) AS events, SUM(amount) AS amount FROM (
       ${kept.sql} UNION ALL SELECT ${columns} FROM figure_changes WHERE ${fresh.sql} AND ${within}) AS every GROUP BY owner, name`,
    [
      ...kept.values,
      ...fresh.values,
      ...[from, to].flatMap((one) => (one === undefined ? [] : [hourOf(one)])),
    ],
  ];
}

function byOwner(rows: readonly FigureRow[]): Map<number, Map<string, Figure>> {
  const owners = new Map<number, Map<string, Figure>>();
  for (const { owner, name, events, amount } of rows) {
    const figures = owners.get(owner) ?? new Map<string, Figure>();
    owners.set(owner, figures.set(name, { events: Number(events), amount: Number(amount) }));
  }
  return owners;
}

const ADDED_UP = `SELECT source, owner_id, period, name, SUM(events), SUM(amount) FROM (
  SELECT source, owner_id, period, name, events, amount FROM moved
  UNION ALL SELECT source, ${EVERYBODY}, period, name, events, amount FROM moved) AS every
  WHERE TRUE GROUP BY source, owner_id, period, name`;
const INTO_FIGURES = `INSERT INTO figures (source, owner_id, period, name, events, amount)`;
const ADDED_TO_THEM = `ON CONFLICT (source, owner_id, period, name)
  DO UPDATE SET events = figures.events + excluded.events, amount = figures.amount + excluded.amount`;

/**
 * PostgreSQL: as one statement. Who finds another at it leaves at once: those who wait for it would keep their connections from
 * everybody else. Rows that the other one has taken meanwhile are not deleted again, and so not counted again.
 */
const ADD_UP = `WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended('figures', 0)) AS is_ours),
  moved AS (
    DELETE FROM figure_changes
    WHERE id IN (SELECT id FROM figure_changes WHERE (SELECT is_ours FROM turn) ORDER BY id LIMIT ${BATCH})
    RETURNING source, owner_id, period, name, events, amount
  ), added AS (${INTO_FIGURES} ${ADDED_UP} ${ADDED_TO_THEM})
  SELECT COUNT(*) AS moved FROM moved`;

/**
 * Adds the oldest changes to the figures, in one transaction; returns whether more wait. Several processes may do so at
 * once: one does, the others find nothing to do.
 */
export async function addUpFigures(database: Database, transactions: TransactionRunner): Promise<boolean> {
  const [any] = await runSql(database.read, 'SELECT 1 FROM figure_changes LIMIT 1');
  if (any === undefined) return false;
  return transactions.run(async (tx) => {
    if (database.kind === 'postgres') {
      const [row] = await runSql<{ moved: string }>(tx, ADD_UP);
      return Number(row?.moved) === BATCH;
    }
    const [last] = await runSql<{ id: number | null; rows: number }>(
      tx,
      `SELECT MAX(id) AS id, COUNT(*) AS rows FROM (SELECT id FROM figure_changes ORDER BY id LIMIT ${BATCH})`,
    );
    const through = last?.id ?? 0;
    await runSql(
      tx,
      `WITH moved AS (SELECT * FROM figure_changes WHERE id <= ?) ${INTO_FIGURES} ${ADDED_UP} ${ADDED_TO_THEM}`,
      [through],
    );
    await runSql(tx, 'DELETE FROM figure_changes WHERE id <= ?', [through]);
    return last?.rows === BATCH;
  });
}
