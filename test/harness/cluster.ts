import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertPresent } from '#libs/kernel';
import { HttpClient, type RequestOptions } from '#libs/testing';
import { BuiltCommand, type RunningCommand } from '../system/built-command.js';
import { startTestApp, TEST_SETTINGS, TestApp, type TestAppOptions } from './app.js';

const [APIS, WORKERS] = [2, 2];
const ADDRESS = /listens on (http:\/\/127\.0\.0\.1:\d+)/;

/**
 * The product as two processes of the API and two workers on one PostgreSQL. Each request goes to the next process of the API. The
 * first of them is this one, so that accounts can be put in; none of them runs a job.
 */
export class TestCluster extends TestApp {
  #turn = 0;

  private constructor(
    first: TestApp,
    private readonly others: readonly HttpClient[],
    private readonly end: () => Promise<void>,
  ) {
    super(first.server, first.database, first.logLines);
  }

  static async start(options: Pick<TestAppOptions, 'config' | 'seed'>): Promise<TestCluster> {
    const config = { ...options.config, jobs: false };
    const first = await startTestApp({ ...options, config, database: 'postgres' });
    const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
    const running: RunningCommand[] = [];
    const { location } = first.database;
    const database_url = location.kind === 'postgres' ? location.url : '';
    const { secret_key, admin_password, admin_api_key, ...plain } = TEST_SETTINGS;
    const built = new BuiltCommand(folder, {
      SECRET_KEY: secret_key,
      ADMIN_PASSWORD: admin_password,
      ADMIN_API_KEY: admin_api_key,
    });
    const launch = (command: string, settings: object): RunningCommand => {
      const all = Object.entries({ ...plain, ...options.config, database_url, ...settings });
      const flags = all.map(
        ([name, value]) => `--${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
      );
      const started = built.launch(command, ...flags);
      running.push(started);
      return started;
    };
    const end = async (): Promise<void> => {
      await Promise.all(running.map((one) => one.end('SIGTERM')));
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      const apis = Array.from({ length: APIS - 1 }, () => launch('serve', { jobs: false }));
      const workers = Array.from({ length: WORKERS }, () => launch('worker', {}));
      await Promise.all([
        ...apis.map((one) => one.wrote(ADDRESS)),
        ...workers.map((one) => one.wrote(/Worker started/)),
      ]);
      const others = apis.map(
        ({ output }) => new HttpClient(assertPresent(ADDRESS.exec(output)?.[1], 'it listens')),
      );
      return new TestCluster(first, others, end);
    } catch (error) {
      await end();
      await first.close();
      throw error;
    }
  }

  override fetch(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    this.#turn += 1;
    const other = this.others[(this.#turn % (this.others.length + 1)) - 1];
    return other === undefined ? super.fetch(method, path, options) : other.fetch(method, path, options);
  }

  override async close(): Promise<void> {
    await this.end();
    await super.close();
  }
}
