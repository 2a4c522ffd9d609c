import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#libs/testing';
import { OwnPostgres } from '../../harness/own-postgres.js';
import { BuiltCommand } from '../../system/built-command.js';
import { type Circumstances, type Played, roundsOf, type Scenario } from '../scenario.js';
import { cpuOf, query } from '../measures.js';

/** The schema is made between these shares of the CPU time of a whole run; before them the program is loaded. */
const FIRST = 0.4;
const LAST = 1;

export const killedMigration: Scenario = {
  number: 12,
  name: 'SIGKILL at points all over the migrations',
  promise: 'the next run gives the same schema as one that nobody disturbed, on both databases',
  play: async (circumstances) => {
    const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
    const postgres = await OwnPostgres.launch({ isDurable: true });
    try {
      const onSqlite = await onDatabase(circumstances, folder, (name) =>
        Promise.resolve(`sqlite:///${join(folder, `${name}.db`)}`),
      );
      const onPostgres = await onDatabase(circumstances, folder, (name) => postgres.create(name));
      return {
        measured: prefixed({ SQLite: onSqlite.measured, PostgreSQL: onPostgres.measured }),
        complaints: [...onSqlite.complaints, ...onPostgres.complaints],
      };
    } finally {
      await postgres.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const prefixed = (all: Readonly<Record<string, Played['measured']>>): Played['measured'] =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, figures]) =>
      Object.entries(figures).map(([what, figure]) => [`${name} ${what}`, figure]),
    ),
  );

async function onDatabase(
  circumstances: Circumstances,
  folder: string,
  make: (name: string) => Promise<string>,
): Promise<Played> {
  const { random, say } = circumstances;
  const points = roundsOf(circumstances, { quick: 2, full: 20, nightly: 100 });
  const whole = await make('undisturbed');
  const cpuMs = await migrateUntil(folder, whole, Infinity);
  const expected = await schemaOf(whole);
  const complaints: string[] = [];
  let [nothing, everything] = [0, 0];
  for (let point = 0; point < points; point += 1) {
    const share = FIRST + ((LAST - FIRST) * (point + random())) / points;
    const url = await make(`killed_${point}`);
    await migrateUntil(folder, url, share * cpuMs);
    const left = await schemaOf(url).catch(() => ''); // not even a file may be there
    if (left === expected) everything += 1;
    else nothing += 1;
    await migrateUntil(folder, url, Infinity);
    const made = await schemaOf(url);
    if (made !== expected) complaints.push(`killed at ${Math.round(share * 100)} %: another schema`);
    say(`${point + 1} of ${points}, killed at ${Math.round(share * 100)} %`);
  }
  return { measured: { kills: points, 'before the end': nothing, 'after it': everything }, complaints };
}

/** Runs `migrate`, and kills it once it has used so much CPU time; returns what it used. @throws Error when it fails */
async function migrateUntil(folder: string, url: string, limitMs: number): Promise<number> {
  const command = new BuiltCommand(folder, {
    DATABASE_URL: url,
    SECRET_KEY: 'a-secret-of-the-specs-that-nobody-keeps-or-guesses',
  }).launch('migrate');
  let usedMs = 0;
  await eventually(
    'the migration has come so far',
    () => {
      if (!command.isRunning) return true;
      usedMs = cpuOf(command.pid) ?? usedMs;
      return usedMs >= limitMs;
    },
    120_000,
  );
  const code = await (limitMs === Infinity ? command.exited : command.end('SIGKILL'));
  if (limitMs === Infinity && code !== 0) throw new Error(`migrate ended with ${code}:\n${command.output}`);
  return usedMs;
}

/** Everything that a migration makes, as text. */
async function schemaOf(url: string): Promise<string> {
  const statements = url.startsWith('sqlite')
    ? [
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name",
      ]
    : POSTGRES;
  const parts = await Promise.all(statements.map((sql) => query(url, sql)));
  return JSON.stringify(parts);
}

const OURS = "NOT IN ('pg_catalog', 'information_schema')";
const POSTGRES = [
  `SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default, character_maximum_length
   FROM information_schema.columns WHERE table_schema ${OURS} ORDER BY 1, 2, 3`,
  `SELECT indexdef FROM pg_indexes WHERE schemaname ${OURS} ORDER BY 1`,
  `SELECT conrelid::regclass::text AS of, conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
   WHERE connamespace::regnamespace::text ${OURS} ORDER BY 1, 2`,
  `SELECT tgrelid::regclass::text AS of, pg_get_triggerdef(oid) AS def FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`,
  `SELECT p.oid::regprocedure::text AS name, p.prosrc FROM pg_proc p WHERE p.pronamespace::regnamespace::text ${OURS} ORDER BY 1`,
];
