import { statSync } from 'node:fs';
import { type AppConfig, ConfigError, describeDatabase } from '#libs/config';
import {
  Database,
  DatabaseOpenError,
  EventLog,
  KeptFigures,
  OriginalFile,
  type OriginalRow,
  type Transaction,
  TransactionRunner,
} from '#libs/database';
import { DAY_MS, HOUR_MS, systemClock } from '#libs/kernel';
import { PasswordHasher } from '../../accounts/password-hasher.js';
import { UserRepository } from '../../accounts/user.repository.js';
import { LedgerRepository } from '../../billing/ledger.repository.js';
import { PriceRepository } from '../../billing/price.repository.js';
import { PredictionRepository } from '../../predictions/prediction.repository.js';
import { ImportAccounts } from '../import/import-accounts.js';
import { ImportMoney } from '../import/import-money.js';
import { ImportPredictions } from '../import/import-predictions.js';
import { ImportReport } from '../import/import-report.js';
import { openDatabase } from '../schema.js';
import { progressBar } from './terminal.js';
import { type Command, print } from './command.js';

/** Tables whose rows have no place here, and why. */
const LEFT = [
  ['api_logs', 'the audit log here begins with the first request to this service'],
  ['time_series_data', 'bars come from files and feeders'],
  ['system_configuration', 'settings come from the configuration'],
  ['user_sessions', 'everyone logs in again'],
] as const;

/** A request may hold its transaction for 30 s; years of predictions take minutes, and nobody else writes then. */
const LIMIT_MS = 12 * HOUR_MS;

/** Ends the transaction of a dry run. */
class DryRun extends Error {}

/** `import ORIGINAL.db --database_url NEW [--dry_run]`: brings the content of a database of the original Python service. */
export const importOriginal: Command = async (config, { positionals }) => {
  const [path] = positionals;
  if (path === undefined) throw new ConfigError(['import: ORIGINAL is missing'], 'The command line');
  if (!config.given('database_url'))
    throw new ConfigError(['database_url: import needs the database to write to'], 'The command line');
  const original = openOriginal(path);
  try {
    const database = await openTarget(config);
    try {
      const report = await importInto(database, original, config);
      const heading = config.dry_run
        ? 'Dry run, nothing was written'
        : `Written to ${describeDatabase(config.database)}`;
      return print([`${heading}:`, ...report.lines].join('\n'));
    } finally {
      await database.close();
    }
  } finally {
    original.close();
  }
};

function openOriginal(path: string): OriginalFile {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const original = isFile ? OriginalFile.open(path) : null;
  if (original !== null) return original;
  const fault = isFile ? 'is no database of the original service' : 'is no file';
  throw new ConfigError([`import: ${path} ${fault}; name its prediction_provider.db`], 'The command line');
}

/** A dry run makes no database and no tables: where there are none yet, it is tried in memory. */
async function openTarget(config: AppConfig): Promise<Database> {
  try {
    return await openDatabase(config, { mustExist: config.dry_run });
  } catch (error) {
    if (!(error instanceof DatabaseOpenError && error.code === 'missing')) throw error;
    const memory: AppConfig['database'] = { kind: 'sqlite', path: ':memory:' };
    return openDatabase(Object.create(config, { database: { value: memory } }) as AppConfig);
  }
}

/** All of it in one transaction; a dry run takes it back. */
async function importInto(
  database: Database,
  original: OriginalFile,
  config: AppConfig,
): Promise<ImportReport> {
  let report = new ImportReport();
  const everything = async (tx: Transaction): Promise<void> => {
    report = new ImportReport(); // PostgreSQL may have to begin again
    await importWithin(tx, { database, original, config, report });
    if (config.dry_run) throw new DryRun();
  };
  try {
    await new TransactionRunner(database, { limitMs: LIMIT_MS }).run(everything);
  } catch (error) {
    if (!(error instanceof DryRun)) throw error;
  }
  return report;
}

interface Import {
  readonly database: Database;
  readonly original: OriginalFile;
  readonly config: AppConfig;
  readonly report: ImportReport;
}

/** Tables whose rows are brought. */
const BROUGHT = ['users', 'roles', 'predictions', 'prediction_jobs', 'provider_pricing', 'billing_records'];

/** The rows of a table, with a bar that tells how many of all have come. */
function counted(original: OriginalFile): (table: string) => Generator<OriginalRow> {
  const total = BROUGHT.reduce((sum, table) => sum + original.count(table), 0);
  const draw = progressBar('import');
  let come = 0;
  return function* (table) {
    for (const row of original.rows(table)) {
      yield row;
      draw(++come / total);
    }
  };
}

async function importWithin(tx: Transaction, { database, original, config, report }: Import): Promise<void> {
  const now = new Date(systemClock.now());
  const figures = new KeptFigures(database);
  const users = new UserRepository(database);
  const accounts = new ImportAccounts(users, new PasswordHasher(config), report);
  const rowsOf = counted(original);
  const sources = { users: rowsOf('users'), roles: rowsOf('roles') };
  const ids = await accounts.run(tx, sources, now);
  const money = new ImportMoney(
    new PriceRepository(database),
    new LedgerRepository(database, figures),
    report,
  );
  const repository = new PredictionRepository(database, new EventLog(systemClock), figures);
  const predictions = new ImportPredictions(repository, report);
  await predictions.takePredictions(tx, rowsOf('predictions'), ids, now);
  await predictions.takeOrders(tx, rowsOf('prediction_jobs'), ids, now);
  await money.takePrices(tx, rowsOf('provider_pricing'), ids, now);
  await money.takeBills(tx, rowsOf('billing_records'), ids, now);
  for (const [table, reason] of LEFT) {
    const rows = original.count(table);
    if (rows > 0) report.skipped(table, reason, rows);
  }
  if ((await users.countActiveAdministrators()) === 0)
    report.note('there is no active administrator: users create NAME --email ADDRESS --role administrator');
  noteHistory(predictions.oldest, config, now, report);
}

function noteHistory(
  oldest: Date | null,
  { prediction_history_days: days }: AppConfig,
  now: Date,
  report: ImportReport,
): void {
  if (days === 0 || oldest === null || oldest.getTime() > now.getTime() - days * DAY_MS) return;
  report.note(
    `the service deletes predictions ${days} days after their end, so some of these at its start; prediction_history_days: 0 keeps them`,
  );
}
