import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually, HttpClient } from '#libs/testing';
import Sqlite from 'better-sqlite3';
import { answerOf, bodyOf } from '../harness/answers.js';
import { TEST_SETTINGS } from '../harness/app.js';
import { DATABASE_KINDS } from '../harness/databases.js';
import { DAY_MS, OutcomesBench, SP500 } from '../integration/outcomes/outcomes-bench.js';
import { BuiltCommand, type RunningCommand } from './built-command.js';

const MODEL = 'random_walk_predictor';
/** Requests that need no row: what the service was about to write waits meanwhile. */
const TURNS = 20;

const folder = mkdtempSync(join(tmpdir(), 'killed-pay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Hold {
  readonly state: string;
  readonly held_micros: number | string;
  readonly earned_micros: number | string | null;
  readonly returned_micros: number | string | null;
}

describe.each(DATABASE_KINDS)('a service that is killed between outcome and pay [%s]', (kind) => {
  it('pays once when it is started again, and the ledger holds', async () => {
    const bench = await OutcomesBench.open(kind);
    const { database } = bench.app;
    const services: RunningCommand[] = [];
    try {
      const id = await answered(bench);
      await bench.app.server.stop();
      const hold = async (): Promise<Hold | undefined> =>
        (await database.query<Hold>(`SELECT * FROM score_holds WHERE prediction_id = '${id}'`))[0];
      const payments = async (): Promise<unknown[]> =>
        database.query(
          `SELECT id FROM transactions WHERE prediction_id = '${id}' AND transaction_type = 'score'`,
        );
      /** In a transaction of its own, whatever else is open. */
      const lookAt = (moment: string): Promise<unknown> =>
        database.database.writer.query(
          `UPDATE score_holds SET look_at = '${moment}' WHERE prediction_id = '${id}'`,
        );
      const { location } = database;
      const config = join(folder, `${kind}.json`);
      writeFileSync(
        config,
        JSON.stringify({
          ...TEST_SETTINGS,
          database_url: location.kind === 'sqlite' ? `sqlite:///${location.path}` : location.url,
          predictor_plugin: MODEL,
          data_source: 'file',
          data_files: { SP500 },
          outcome_seconds: 1,
        }),
      );
      const command = new BuiltCommand(folder);

      await lookAt('2999-01-01T00:00:00.000Z');
      const launch = (): RunningCommand => {
        const service = command.launch('serve', '--load_config', config);
        services.push(service);
        return service;
      };
      const killed = launch();
      await killed.wrote(/listens on http/);
      await eventually('both outcomes are stored', async () => {
        const rows = await database.query<{ status: string }>(
          `SELECT o.status FROM forecast_outcomes o JOIN forecast_pins p ON p.id = o.pin_id
           WHERE p.subject_id = '${id}' AND o.revision = 0`,
        );
        return rows.length === 2 && rows.every(({ status }) => status === 'resolved');
      });
      const client = new HttpClient(/listens on (http:\/\/[\d.:]+)/.exec(killed.output)?.[1] ?? '');
      if (location.kind === 'sqlite') {
        // nothing is written between the moment at which it is to be paid and the kill
        const other = new Sqlite(location.path);
        killed.signal('SIGSTOP');
        await lookAt('2019-02-01T00:00:00.000Z');
        other.exec('BEGIN IMMEDIATE');
        killed.signal('SIGCONT');
        for (let turn = 0; turn < TURNS; turn += 1) await client.get('/health');
        await killed.end('SIGKILL');
        other.exec('ROLLBACK');
        other.close();
      } else {
        // the payment is under way: its transaction waits for the row of its order
        await database.run(async ({ manager }) => {
          await manager.query(`SELECT id FROM prediction_jobs WHERE id = '${id}' FOR UPDATE`);
          await lookAt('2019-02-01T00:00:00.000Z');
          await eventually('the payment waits', async () => {
            const waiting = await database.query(
              `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
            );
            return waiting.length > 0;
          });
          await killed.end('SIGKILL');
        });
      }
      expect(await hold()).toMatchObject({ state: 'held', earned_micros: null });
      expect(await payments()).toEqual([]);

      await lookAt('2019-02-01T00:00:00.000Z');
      const again = launch();
      await again.wrote(/listens on http/);
      await eventually('it is paid', async () => (await hold())?.state === 'scored');
      const { held_micros: held, earned_micros: earned, returned_micros: returned } = (await hold()) ?? {};
      expect(Number(earned)).toBeGreaterThan(0);
      expect(Number(earned) + Number(returned)).toBe(Number(held));
      expect(await again.end('SIGTERM')).toBe(0);
      expect(await payments()).toHaveLength(1);
      const verified = command.start(['billing', 'verify', '--load_config', config]);
      expect(verified.status).toBe(0);
    } finally {
      await Promise.all(services.map((service) => service.end('SIGKILL')));
      await database.close();
    }
  });
});

/** An order of two bars whose answer waits for its score, half of the provider's share. */
async function answered(bench: OutcomesBench): Promise<string> {
  const [provider, evaluator] = [
    await bench.accounts.make('provider'),
    await bench.accounts.make('evaluator'),
  ];
  const post = async (path: string, body: object, { apiKey }: { apiKey: string }) => {
    const answer = await bench.app.post(`/api/v1/${path}`, body, { apiKey });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
    return answer.body;
  };
  await post('provider/pricing', { model_name: MODEL, price_per_request: 4, score_share: 0.5 }, provider);
  const { id } = await post(
    'client/predict',
    {
      symbol: 'SP500',
      prediction_type: 'custom',
      predictor_plugin: MODEL,
      datetime_requested: new Date(bench.clock.now() + DAY_MS).toISOString(),
      interval: '1d',
      prediction_horizon: 2,
    },
    bench.client,
  );
  await post(`evaluator/claim/${id}`, {}, evaluator);
  const answer = answerOf(2, {
    predictions: [2_620, 2_630],
    uncertainties: [30, 40],
    confidenceIntervals: {},
  });
  await post(`evaluator/submit/${id}`, bodyOf(answer), evaluator);
  return String(id);
}
