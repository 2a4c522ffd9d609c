import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { eventually, FakeClock, type HttpAnswer } from '#libs/testing';
import { ResolveOutcomes } from '../../../src/outcomes/resolve-outcomes.service.js';
import { type Account, Accounts } from '../../security/accounts.js';
import { ADMIN_KEY, startTestApp, type TestApp, type TestAppOptions } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';

export const DAY_MS = 86_400_000;
/** What the clock of a bench says at first. */
export const BENCH_START = Date.UTC(2019, 0, 16, 12);
export const SP500 = resolve('examples/data/sp500_daily_2000-2020.csv');

/** A row as the database has it. */
export type Row = Record<string, string | number | null>;

/** The whole product on history: its clock stands on a day in 2019, and the bars that follow are in the file. */
export class OutcomesBench {
  readonly admin = { apiKey: ADMIN_KEY };

  private constructor(
    readonly app: TestApp,
    readonly clock: FakeClock,
    readonly accounts: Accounts,
    readonly client: Account,
  ) {}

  static async open(
    database: DatabaseKind,
    config: Readonly<Record<string, unknown>> = {},
    plugins: TestAppOptions['plugins'] = undefined,
  ): Promise<OutcomesBench> {
    const clock = new FakeClock(BENCH_START);
    const app = await startTestApp({
      database,
      clock,
      ...(plugins !== undefined && { plugins }),
      config: {
        predictor_plugin: 'random_walk_predictor',
        data_source: 'file',
        data_files: { SP500 },
        ...config,
      },
    });
    const accounts = new Accounts(app);
    return new OutcomesBench(app, clock, accounts, await accounts.make('client'));
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** A core prediction, once it has completed: its id. */
  async predict(request: object = {}): Promise<number> {
    const asked = { symbol: 'SP500', interval: '1d', prediction_horizon: 5, ...request };
    const { apiKey } = this.client;
    const taken = await this.app.post('/api/v1/predict', asked, { apiKey });
    const id = Number(taken.body.id);
    await eventually(`prediction ${id} completed`, async () => {
      const { body } = await this.app.get(`/api/v1/predictions/${id}`, { apiKey });
      if (body.status === 'failed') throw new Error(JSON.stringify(body));
      return body.status === 'completed';
    });
    return id;
  }

  /** An order of the client for the ten bars that come next, at the price of a provider. */
  async order(model: string): Promise<string> {
    const { status, body } = await this.app.post('/api/v1/client/predict', this.asked(model), this.client);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return String(body.id);
  }

  /** What such an order asks for. */
  asked(model: string): object {
    return {
      symbol: 'SP500',
      prediction_type: 'short_term',
      datetime_requested: new Date(this.clock.now() + DAY_MS).toISOString(),
      interval: '1d',
      prediction_horizon: 10,
      custom_parameters: { model_name: model },
    };
  }

  claim(orderId: string, { apiKey }: Account): Promise<HttpAnswer> {
    return this.app.post(`/api/v1/evaluator/claim/${orderId}`, {}, { apiKey });
  }

  /** An answer by somebody who knows what comes, give or take what is added. */
  async answer(orderId: string, { apiKey }: Account, add: number): Promise<void> {
    const today = new Date(this.clock.now()).toISOString().slice(0, 10);
    const [head = '', ...rows] = (await readFile(SP500, 'utf8')).trimEnd().split('\n');
    const close = head.split(',').indexOf('CLOSE');
    const next = rows.filter((row) => row.slice(0, 10) > today).slice(0, 10);
    const { status, body } = await this.app.post(
      `/api/v1/evaluator/submit/${orderId}`,
      {
        predictions: next.map((row) => Number(row.split(',')[close]) + add),
        uncertainties: next.map(() => 5),
        confidence_intervals: {},
        model_metadata: { future_datetimes: next.map((row) => `${row.slice(0, 10)}T00:00:00Z`) },
      },
      { apiKey },
    );
    if (status !== 200) throw new Error(JSON.stringify(body));
  }

  /** The day before today: that of the last closed bar. */
  yesterday(): string {
    return new Date(this.clock.now() - DAY_MS).toISOString().slice(0, 10);
  }

  resolve(): ReturnType<ResolveOutcomes['resolve']> {
    return this.app.app.get(ResolveOutcomes, { strict: false }).resolve();
  }

  /** As time passes: the turn that comes next (`outcome_seconds`) adds a job if something is due, and a runner has done it. */
  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1_000);
    await eventually('what is due was looked at', async () => {
      const now = new Date(this.clock.now()).toISOString();
      const [left] = await this.app.database.query<{ count: number }>(
        `SELECT (SELECT COUNT(*) FROM forecast_pins WHERE due_at <= '${now}') +
           (SELECT COUNT(*) FROM jobs WHERE kind = 'outcomes' AND finished_at IS NULL) AS count`,
      );
      return Number(left?.count) === 0;
    });
  }

  /** Of a core prediction. */
  outcomesOf(id: number): Promise<Row[]> {
    return this.app.database.query<Row>(
      `SELECT o.* FROM forecast_outcomes o JOIN forecast_pins p ON p.id = o.pin_id
       WHERE p.source = 'prediction' AND p.subject_id = '${id}' ORDER BY o.horizon, o.revision`,
    );
  }

  pins(): Promise<Row[]> {
    return this.app.database.query<Row>('SELECT * FROM forecast_pins ORDER BY id');
  }
}

/** The sample's daily bars as a file that gets its bars one after the other. */
export class GrowingFile {
  private constructor(
    readonly path: string,
    readonly lines: readonly string[],
  ) {}

  /** @param last day of its last bar */
  static async make(last: string): Promise<GrowingFile> {
    const folder = await mkdtemp(join(tmpdir(), 'outcomes-'));
    const lines = (await readFile(SP500, 'utf8')).trimEnd().split('\n');
    const made = new GrowingFile(join(folder, 'growing.csv'), lines);
    await made.grow(last);
    return made;
  }

  /** The file as it stands when this bar is its last. */
  grow(last: string, change: (line: string) => string = (line) => line): Promise<void> {
    const [head = '', ...rows] = this.lines;
    const known = rows.filter((line) => line.slice(0, 10) <= last && line.slice(0, 4) >= '2017');
    return writeFile(this.path, `${[head, ...known.map(change)].join('\n')}\n`);
  }

  remove(): Promise<void> {
    return rm(dirname(this.path), { recursive: true });
  }
}
