import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertPresent } from '#libs/kernel';
import { HttpClient, type RequestOptions } from '#libs/testing';
import { BuiltCommand, type RunningCommand } from '../system/built-command.js';
import { startTestApp, TEST_SETTINGS, TestApp, type TestAppOptions } from './app.js';

const [APIS, WORKERS] = [2, 2];
const ADDRESS = /listens on (http:\/\/127\.0\.0\.1:\d+)/;
const WORKS = /Worker started/;

/** A process of the cluster beside this one; one that was killed can be started again, at the same address. */
export class ClusterProcess {
  #command: RunningCommand;
  #url: string | null = null;

  constructor(
    private readonly launch: (more: object) => RunningCommand,
    private readonly ready: RegExp,
  ) {
    this.#command = launch({});
  }

  get command(): RunningCommand {
    return this.#command;
  }

  /** Of one that serves, once it is ready. */
  get url(): string {
    return assertPresent(this.#url, 'it listens');
  }

  async isReady(): Promise<void> {
    await this.#command.wrote(this.ready);
    this.#url = ADDRESS.exec(this.#command.output)?.[1] ?? null;
  }

  async restart(): Promise<void> {
    this.#command = this.launch(this.#url === null ? {} : { port: new URL(this.#url).port });
    await this.isReady();
  }
}

/**
 * The product as two processes of the API and two workers on one PostgreSQL. Each request goes to the next process of the API. The
 * first of them is this one, so that accounts can be put in; none of them runs a job.
 */
export class TestCluster extends TestApp {
  #turn = 0;
  readonly #others: readonly HttpClient[];

  private constructor(
    first: TestApp,
    /** The processes of the API beside this one. */
    readonly apis: readonly ClusterProcess[],
    readonly workers: readonly ClusterProcess[],
    private readonly end: () => Promise<void>,
  ) {
    super(first.server, first.database, first.logLines);
    this.#others = apis.map(({ url }) => new HttpClient(url));
  }

  /** @param options its `seed` runs before there are others; a `database_url` in its `config` is that of a server of one's own */
  static async start(options: Pick<TestAppOptions, 'config' | 'seed' | 'clock'>): Promise<TestCluster> {
    const config = { ...options.config, jobs: false };
    const first = await startTestApp({ ...options, config, database: 'postgres' });
    const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
    const { location } = first.database;
    const database_url = location.kind === 'postgres' ? location.url : '';
    const { secret_key, admin_password, admin_api_key, ...plain } = TEST_SETTINGS;
    const built = new BuiltCommand(folder, {
      SECRET_KEY: secret_key,
      ADMIN_PASSWORD: admin_password,
      ADMIN_API_KEY: admin_api_key,
    });
    const started: ClusterProcess[] = [];
    const start = (count: number, ready: RegExp, command: string, settings: object): ClusterProcess[] => {
      const launch = (more: object): RunningCommand => {
        const all = Object.entries({ ...plain, database_url, ...options.config, ...settings, ...more });
        const flags = all.map(
          ([name, value]) => `--${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
        );
        return built.launch(command, ...flags);
      };
      const made = Array.from({ length: count }, () => new ClusterProcess(launch, ready));
      started.push(...made);
      return made;
    };
    const end = async (): Promise<void> => {
      await Promise.all(started.map(({ command }) => command.end('SIGTERM')));
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      const apis = start(APIS - 1, ADDRESS, 'serve', { jobs: false });
      const workers = start(WORKERS, WORKS, 'worker', {});
      await Promise.all(started.map((one) => one.isReady()));
      return new TestCluster(first, apis, workers, end);
    } catch (error) {
      await end();
      await first.close();
      throw error;
    }
  }

  override fetch(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    this.#turn += 1;
    const other = this.#others[(this.#turn % (this.#others.length + 1)) - 1];
    return other === undefined ? super.fetch(method, path, options) : other.fetch(method, path, options);
  }

  override async close(): Promise<void> {
    await this.end();
    await super.close();
  }
}
