import { assertPresent } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { eventually, gate, type HttpAnswer } from '#libs/testing';
import { afterAll, afterEach, beforeAll, describe, jest } from '@jest/globals';
import { type AdapterName, startTestApp, type TestApp, type TestAppOptions } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';
import { offlineSettings, type OriginalKey, seedOriginalAccounts } from '../../harness/original.js';

const STANDS: readonly (readonly [AdapterName, DatabaseKind])[] = [
  ['fastify', 'sqlite'],
  ['express', 'sqlite'],
  ['fastify', 'postgres'],
];

/** Declares the same specs for both HTTP libraries and both databases, one application each. */
export function describeOnServers(
  name: string,
  specs: (server: () => PredictionServer) => void,
  options: Omit<TestAppOptions, 'adapter' | 'database' | 'seed'> = {},
): void {
  describe.each(STANDS)(`${name} [%s, %s]`, (adapter, database) => {
    let server: PredictionServer | null = null;
    beforeAll(async () => {
      const config = { ...offlineSettings(), ...options.config };
      const app = await startTestApp({ ...options, config, adapter, database, seed: seedOriginalAccounts });
      server = new PredictionServer(app);
    }, 60_000);
    afterEach(() => server?.proceed());
    afterAll(() => server?.app.close());
    specs(() => assertPresent(server, 'the server runs inside of specs'));
  });
}

/** A serving application whose predictions can be held. */
export class PredictionServer {
  #proceed: () => void = () => undefined;

  constructor(readonly app: TestApp) {}

  /** From now on bars come only after {@link proceed}: predictions stay in flight. */
  hold(): void {
    const feeder = this.app.app.get(PluginRegistry, { strict: false }).active('feeder');
    const { opened, open } = gate();
    const fetch = feeder.fetch;
    const spy = jest.spyOn(feeder, 'fetch').mockImplementation(async (...asked) => {
      await opened;
      return fetch(...asked);
    });
    this.#proceed = () => {
      spy.mockRestore();
      open();
    };
  }

  /** Lets held predictions go on; harmless when none are. */
  proceed(): void {
    this.#proceed();
  }

  submit(
    options: {
      readonly body?: object;
      readonly path?: string;
      readonly apiKey?: OriginalKey;
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<HttpAnswer> {
    const { body = {}, path = '/api/v1/predictions/', ...rest } = options;
    return this.app.request('POST', path, { ...rest, body: { symbol: 'AAPL', interval: '1h', ...body } });
  }

  /** Reads as an administrator, who sees every row. */
  async row(id: number): Promise<HttpAnswer['body']> {
    return (await this.app.get(`/api/v1/predictions/${id}`, { apiKey: 'admin_key' })).body;
  }

  async until(id: number, status: string): Promise<HttpAnswer['body']> {
    let row: HttpAnswer['body'];
    await eventually(`prediction ${id} is ${status}`, async () => {
      row = await this.row(id);
      return row.status === status;
    });
    return row;
  }

  /** Predictions of this symbol in the database. */
  async countOf(symbol: string): Promise<number> {
    const rows = await this.app.database.query<{ symbol: string }>('SELECT symbol FROM predictions');
    return rows.filter((row) => row.symbol === symbol).length;
  }
}
