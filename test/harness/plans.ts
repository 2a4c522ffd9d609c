/** What is wrong with a statement's plan on a database that grows. */
import { Database } from '#libs/database';
import type { QueryRunner } from 'typeorm';
import type { TestApp } from './app.js';

/** What grows with use. */
const GROWING = new Set([
  'predictions',
  'prediction_jobs',
  'prediction_claims',
  'archived_orders',
  'api_logs',
  'billing_records',
  'transactions',
  'transaction_entries',
  'quotes',
  'events',
  'jobs',
  'webhook_deliveries',
  'forecast_pins',
  'forecast_outcomes',
  'forecast_calibrations',
  'training_ranges',
  'score_days',
  'score_standings',
  'reported_values',
  'score_holds',
  'figures',
  'figure_days',
  'figure_months',
]);

/** As a database was asked. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Steps of the plan that read or sort more than what is asked for; none when it is good. */
export function faultsOf(app: TestApp, statement: Statement): Promise<string[]> {
  return app.database.kind === 'sqlite' ? sqliteFaults(app, statement) : postgresFaults(app, statement);
}

interface PlanStep {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

/** A scan that no LIMIT ends, one without an index, or a sort of more than the last terms or a bounded number of rows. */
async function sqliteFaults(app: TestApp, { sql, parameters }: Statement): Promise<string[]> {
  const { reader } = app.database.database;
  const steps = (await reader.query(`EXPLAIN QUERY PLAN ${sql}`, [...parameters])) as PlanStep[];
  const readsGrowing = ({ detail }: PlanStep): boolean =>
    grows(/^(?:SCAN|SEARCH) (\w+)/.exec(detail)?.[1] ?? '', sql);
  const sorts = steps.filter(({ detail }) => detail === 'USE TEMP B-TREE FOR ORDER BY');
  const isLimited = /\bLIMIT\b/i.test(sql);
  const scanned = steps.filter(
    (step) =>
      step.detail.startsWith('SCAN') &&
      readsGrowing(step) &&
      (!isLimited ||
        (!/USING (?:COVERING )?INDEX|USING INTEGER PRIMARY KEY/.test(step.detail) && sorts.length > 0)),
  );
  // what a subquery reads up to its LIMIT may be sorted
  const isBounded = /\bLIMIT \d+\s*\)/i.test(sql);
  const sorted = sorts.filter(({ parent }) =>
    steps.some((step) => readsGrowing(step) && (step.parent === parent || !isBounded)),
  );
  return [...scanned, ...(sorted.length > 0 ? steps : [])].map(({ detail }) => detail);
}

/** Whether a name or an alias in the statement is that of a table that grows. */
function grows(name: string, sql: string): boolean {
  if (GROWING.has(name)) return true;
  const [, table = ''] = new RegExp(`"?(\\w+)"?\\s+(?:AS\\s+)?"?${name}"?(?=[\\s,)]|$)`, 'i').exec(sql) ?? [];
  return GROWING.has(table);
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

/** A sequential scan or a whole sort that stays although both are forbidden. */
async function postgresFaults(app: TestApp, { sql, parameters }: Statement): Promise<string[]> {
  const runner = app.database.database.writer.createQueryRunner();
  try {
    await runner.query('BEGIN');
    await runner.query('SET LOCAL enable_seqscan = off');
    await runner.query('SET LOCAL enable_sort = off');
    await runner.query('SET LOCAL enable_bitmapscan = off');
    const rows = (await runner.query(`EXPLAIN (FORMAT JSON) ${sql}`, [...parameters])) as {
      'QUERY PLAN': { Plan: PlanNode }[];
    }[];
    const roots = rows.flatMap((row) => row['QUERY PLAN'].map(({ Plan }) => Plan));
    return roots
      .flatMap((root) => allOf(root).map((node) => ({ root, node })))
      .filter(
        ({ root, node }) =>
          (node['Node Type'] === 'Seq Scan' &&
            GROWING.has(node['Relation Name'] ?? '') &&
            (node.Filter !== undefined || readsUnlimited(root))) ||
          (node['Node Type'] === 'Sort' && readsUnlimited(node)),
      )
      .map(({ node }) => `${node['Node Type']} ${node['Relation Name'] ?? ''}`.trim());
  } finally {
    await runner.query('ROLLBACK');
    await runner.release();
  }
}

const allOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(allOf)];

/** Whether a table that grows is read below without a LIMIT. */
const readsUnlimited = (node: PlanNode): boolean =>
  node['Node Type'] !== 'Limit' &&
  (GROWING.has(node['Relation Name'] ?? '') || (node.Plans ?? []).some(readsUnlimited));

/** Notes every statement that either side of the application sends from now on. */
export function record(app: TestApp, seen: Statement[]): void {
  const database = app.app.get(Database, { strict: false });
  const noted = new WeakSet<object>();
  const note = (runner: QueryRunner): QueryRunner => {
    if (noted.has(runner)) return runner;
    noted.add(runner);
    const query = runner.query.bind(runner) as (...statement: unknown[]) => Promise<unknown>;
    runner.query = ((sql: string, parameters: unknown[] = [], ...rest: unknown[]) => {
      seen.push({ sql, parameters });
      return query(sql, parameters, ...rest);
    }) as typeof runner.query;
    return runner;
  };
  for (const source of new Set([database.reader, database.writer])) {
    const create = source.createQueryRunner.bind(source);
    source.createQueryRunner = (...mode) => note(create(...mode));
    const executing = source as unknown as { execute?: (...statement: [string, unknown[]]) => unknown };
    const execute = executing.execute?.bind(source); // the short way of SQLite
    if (execute === undefined) continue;
    executing.execute = (sql, parameters) => {
      seen.push({ sql, parameters });
      return execute(sql, parameters);
    };
  }
  const { queryRunner } = database.readApart.manager; // SQLite: that of the reading processes
  if (queryRunner !== undefined) note(queryRunner);
}
