import { eventually, HttpClient } from '#libs/testing';
import { assertPresent } from '#libs/kernel';
import { OwnPostgres } from '../harness/own-postgres.js';
import type { ClusterProcess, TestCluster } from '../harness/cluster.js';
import { FuzzTarget } from './target.js';

/** How long a process stands still, and PostgreSQL is away. */
const STILL_MS = 2_000;
const AWAY_MS = 1_500;
/** A fault begins within this time of its batch. */
const BEGINS_WITHIN_MS = 500;

/** Something that goes wrong while requests are on their way; resolves when it is over. */
interface Fault {
  readonly name: string;
  readonly happen: () => Promise<void>;
}

/** Two processes of the API and two workers, one fault after another, and a balancer's view of them. */
export class FaultyCluster {
  readonly #faults: readonly Fault[];
  readonly happened = new Map<string, number>();

  private constructor(
    readonly target: FuzzTarget,
    readonly cluster: TestCluster,
    private readonly postgres: OwnPostgres,
  ) {
    const [one, other] = cluster.workers as [ClusterProcess, ClusterProcess];
    const api = assertPresent(cluster.apis[0], 'there is a second process');
    this.#faults = [
      { name: 'a worker is killed', happen: () => killed(one) },
      { name: 'a worker stands still', happen: () => still(other) },
      { name: 'a process of the API is killed', happen: () => killed(api) },
      { name: 'PostgreSQL is killed', happen: () => this.#restarted() },
      { name: 'a process of the API stands still', happen: () => still(api) },
    ];
  }

  static async start(): Promise<FaultyCluster> {
    const postgres = await OwnPostgres.launch({ isDurable: true });
    try {
      const { target, cluster } = await FuzzTarget.startCluster(await postgres.create('service'));
      return new FaultyCluster(target, cluster, postgres);
    } catch (error) {
      await postgres.close();
      throw error;
    }
  }

  /** Where requests go to, in turns: only the first one is never touched. */
  get urls(): readonly string[] {
    return [this.cluster.server.url, ...this.cluster.apis.map(({ url }) => url)];
  }

  /** The nth fault; resolves once everything is ready again. @param random from 0 to 1 */
  async next(nth: number, random: number): Promise<void> {
    const fault = assertPresent(this.#faults[nth % this.#faults.length], 'a remainder is below');
    await passed(random * BEGINS_WITHIN_MS);
    await fault.happen();
    this.happened.set(fault.name, (this.happened.get(fault.name) ?? 0) + 1);
    for (const url of this.urls)
      await eventually(
        `${url} is ready again`,
        () =>
          new HttpClient(url).get('/health/ready').then(
            ({ status }) => status === 200,
            () => false,
          ),
        60_000,
      );
  }

  /** Who ended although nobody ended it. */
  ended(): string[] {
    const all = [...this.cluster.apis, ...this.cluster.workers];
    return all
      .filter(({ command }) => !command.isRunning)
      .map(({ command }) => `a process ended: ${command.output}`);
  }

  async close(): Promise<void> {
    await this.cluster.close();
    await this.postgres.close();
  }

  async #restarted(): Promise<void> {
    await this.postgres.kill();
    await passed(AWAY_MS);
    await this.postgres.start();
  }
}

async function killed(process: ClusterProcess): Promise<void> {
  await process.command.end('SIGKILL');
  await process.restart();
}

async function still({ command }: ClusterProcess): Promise<void> {
  command.signal('SIGSTOP');
  await passed(STILL_MS);
  command.signal('SIGCONT');
}

const passed = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
