import { HttpClient } from '#libs/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));
const ADMIN_KEY = 'key-of-the-administrator-0123456789abcdef';

/** A feeder whose bars come once a file exists: predictions stay at work until then, across processes. */
const GATED_FEEDER = `
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { defineFeeder, Frame } from 'prediction-provider/plugin-sdk';

const DAY = 86_400_000;
export default defineFeeder({
  id: 'gated_feeder',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Brings bars once a file exists.',
  parameters: { gate_file: { type: 'string', default: '', help: 'Path of the file.' } },
  create: ({ parameters }) => ({
    resolve: (symbol) => ({ source: 'gate', symbol }),
    fetch: async ({ signal }) => {
      while (!existsSync(parameters.gate_file)) await setTimeout(20, undefined, { signal });
      const time = Float64Array.from({ length: 50 }, (_, row) => Date.UTC(2026, 0, 1) + row * DAY);
      return Frame.of(time, { CLOSE: time.map((_, row) => 100 + Math.sin(row)) });
    },
  }),
});
`;

/** A folder with all that a service keeps, used by one process after another. */
export class ServiceFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'prediction-service-'));
  readonly databasePath = join(this.path, 'service.db');
  readonly #processes: ServedProcess[] = [];

  constructor() {
    if (!existsSync(COMMAND)) throw new Error('these specs run the built command: npm run build comes first');
    writeFileSync(join(this.path, 'gated-feeder.mjs'), GATED_FEEDER);
    const config = {
      host: '127.0.0.1',
      port: 0,
      database_url: `sqlite:///${this.databasePath}`,
      results_file: join(this.path, 'results.jsonl'),
      plugins: ['./gated-feeder.mjs'],
      feeder_plugin: 'gated_feeder',
      gate_file: this.#gate,
      predictor_plugin: 'random_walk_predictor',
      admin_password: 'password-of-the-administrator',
      admin_api_key: ADMIN_KEY,
      job_concurrency: 4,
      job_lease_seconds: 3,
      job_heartbeat_seconds: 1,
      job_sweep_seconds: 0.1,
      shutdown_grace: 0.2,
      shutdown_notice: 0,
    };
    writeFileSync(join(this.path, 'config.json'), JSON.stringify(config));
  }

  get #gate(): string {
    return join(this.path, 'gate');
  }

  /** Lets predictions go on, those of later processes too. */
  open(): void {
    writeFileSync(this.#gate, '');
  }

  async start(): Promise<ServedProcess> {
    const started = new ServedProcess(this.path);
    this.#processes.push(started);
    await started.ready;
    return started;
  }

  /** Every finished prediction whose line is whole, in the order in which they finished. */
  results(): { id: number; status: string; result: { explanation?: { attempt: number } } }[] {
    const path = join(this.path, 'results.jsonl');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  async remove(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.end('SIGKILL')));
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The built command, serving. */
export class ServedProcess {
  readonly ready: Promise<void>;
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #client = new HttpClient('http://not-yet');
  #output = '';

  constructor(folder: string) {
    const child = spawn(process.execPath, [COMMAND, '--load_config', join(folder, 'config.json')], {
      cwd: folder,
      env: { PATH: process.env['PATH'], TZ: process.env['TZ'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.exited = new Promise((resolve) => child.once('close', (code) => resolve(code)));
    this.ready = new Promise((resolve, reject) => {
      const read = (text: string): void => {
        this.#output += text;
        const url = /listens on (http:\S+)/.exec(this.#output)?.[1];
        if (url === undefined) return;
        this.#client = new HttpClient(url);
        resolve();
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      child.once('close', () => reject(new Error(`the service ended before it listened:\n${this.#output}`)));
    });
  }

  submit(symbol: string, headers: Readonly<Record<string, string>> = {}) {
    return this.#client.post('/api/v1/predictions/', { symbol, interval: '1d' }, { headers });
  }

  /** How many predictions have each status. */
  async statuses(): Promise<Record<string, number>> {
    const { body } = await this.#client.get('/api/v1/predictions/', { apiKey: ADMIN_KEY });
    const counts: Record<string, number> = {};
    for (const { status } of body as { status: string }[]) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  /** Sends a signal and waits for the end; resolves with the exit code, null when the signal ended it. */
  end(signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    return this.exited;
  }
}
