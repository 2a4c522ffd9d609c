import cluster, { type Worker } from 'node:cluster';
import { type Clock, delay, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import { EXIT, STARTING_EXIT } from './command.js';

/** The first pause before a process is started again; it doubles with each further end. */
const FIRST_PAUSE_MS = 500;
/** Longest pause: so long a database that is back waits for its service at most. */
const LONGEST_PAUSE_MS = 30 * SECOND_MS;
/** A process that was ready for so long had nothing to do with the ends before it. */
const STEADY_MS = MINUTE_MS;
/** Starts in a row that end without a known reason: another one would not go better. */
const MOST_UNEXPLAINED = 5;
/** What a process gets beyond `shutdown_grace` before it is ended by force. */
const FORCE_AFTER_MS = 10 * SECOND_MS;

/** How a process ended. */
export interface ProcessEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  /** Milliseconds for which it listened; null when it never did. */
  readonly readyMs: number | null;
}

/** One process of the service, as the supervisor sees it. */
export interface SupervisedProcess {
  readonly ended: Promise<ProcessEnd>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface SupervisorOptions {
  readonly size: number;
  /** Starts another process. */
  readonly start: () => SupervisedProcess;
  /** The processes' own time to stop, in milliseconds. */
  readonly graceMs: number;
  /** Whether even a fault like a wrong setting may pass, because someone is at work on it. */
  readonly isWatching: boolean;
  readonly clock: Clock;
  /** Told in one line what happens and why. */
  readonly tell: (text: string) => void;
  /** From 0 to 1, to spread the starts of several processes. Default: random. */
  readonly jitter?: () => number;
}

/**
 * Keeps `size` processes running. One that ends is started again after a pause, which grows while the ends go on, for as
 * long as the fault may pass: a database that is away, a crash. A fault that will not pass (a port in use, a wrong
 * setting, a newer schema) ends them all.
 */
export class Supervisor {
  readonly #stopping = new AbortController();
  readonly #processes = new Set<SupervisedProcess>();
  readonly #exchanged = new WeakSet<SupervisedProcess>();
  #wake = new AbortController();

  constructor(private readonly options: SupervisorOptions) {}

  /** Resolves with the exit code when {@link stop} was called or another start makes no sense; all have ended then. */
  async run(): Promise<number> {
    const codes = await Promise.all(Array.from({ length: this.options.size }, () => this.#keep()));
    return Math.max(...codes);
  }

  /** Each process is replaced; its successor starts when it has finished its requests. */
  exchange(): void {
    for (const one of this.#processes) {
      this.#exchanged.add(one);
      one.kill('SIGTERM');
    }
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Starts nothing more; a process that does not end within its time is ended by force. */
  stop(): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    for (const one of this.#processes) one.kill('SIGTERM');
    this.options.clock.after(this.options.graceMs + FORCE_AFTER_MS, () => {
      for (const one of this.#processes) {
        this.options.tell('A process did not stop in time and is ended by force.');
        one.kill('SIGKILL');
      }
    });
  }

  async #keep(): Promise<number> {
    for (let failures = 0, unexplained = 0; !this.#stopping.signal.aborted;) {
      const one = this.options.start();
      this.#processes.add(one);
      const end = await one.ended;
      this.#processes.delete(one);
      if (this.#stopping.signal.aborted) break;
      if (this.#exchanged.has(one)) continue;
      if (end.code === STARTING_EXIT.lasts && !this.options.isWatching) return this.#giveUp();
      failures = (end.readyMs ?? 0) >= STEADY_MS ? 1 : failures + 1;
      unexplained = end.readyMs === null && end.code !== STARTING_EXIT.mayPass ? unexplained + 1 : 0;
      if (unexplained === MOST_UNEXPLAINED && !this.options.isWatching) return this.#giveUp();
      await this.#pause(end, failures);
    }
    return EXIT.done;
  }

  #giveUp(): number {
    this.options.tell('The server cannot start; see the messages above.');
    this.stop();
    return EXIT.failed;
  }

  async #pause({ code, readyMs }: ProcessEnd, failures: number): Promise<void> {
    const { clock, tell, jitter = Math.random } = this.options;
    const pauseMs = pauseAfter(failures) * (0.8 + 0.4 * jitter());
    const what = readyMs === null ? 'could not start' : 'ended';
    const how = code === null ? 'by a signal' : `with code ${code}`;
    tell(`note: a process ${what} (${how}); another one starts in ${(pauseMs / 1000).toFixed(1)} s`);
    await delay(clock, pauseMs, AbortSignal.any([this.#stopping.signal, this.#wake.signal]));
  }
}

const pauseAfter = (failures: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 16));

/** Another process of this command, on the same port as its siblings. */
export function forkProcess({ clock, tell }: Pick<SupervisorOptions, 'clock' | 'tell'>): SupervisedProcess {
  const worker: Worker = cluster.fork();
  closeUntakenConnections(worker.process as MessageChannel);
  let readySince: number | null = null;
  worker.once('listening', () => (readySince = clock.monotonic()));
  const readyMs = (): number | null => (readySince === null ? null : clock.monotonic() - readySince);
  const ended = new Promise<ProcessEnd>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) =>
      resolve({ code: signal === null ? code : null, readyMs: readyMs() }),
    );
    worker.on('error', (error: Error) => {
      tell(`A process of the server: ${error.message}`);
      // Without a process there is no end of one: the machine is short of something.
      if (worker.process.pid === undefined) resolve({ code: STARTING_EXIT.mayPass, readyMs: null });
    });
  });
  return { ended, kill: (signal) => void worker.process.kill(signal) };
}

/** What Node's primary says to a process of its cluster, and hears from it: one message about each new connection. */
interface MessageChannel {
  send(message: { readonly act?: string; readonly seq?: number }, handle?: { close(): void }): boolean;
  on(event: 'internalMessage', listener: (message: { readonly ack?: number }) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Node gives each new connection to one process and closes its own end when that has taken it. It forgets to when the
 * process is killed before: the client would wait for an answer for ever. Sharing the listening socket
 * (`SCHED_NONE`) has no such moment, but gave one of two processes 62 of 64 connections.
 */
function closeUntakenConnections(channel: MessageChannel): void {
  const untaken = new Map<number, { close(): void }>();
  const send = channel.send.bind(channel);
  channel.send = (message, handle, ...rest) => {
    const { act, seq } = message;
    if (act === 'newconn' && seq !== undefined && handle !== undefined) untaken.set(seq, handle);
    return send(message, handle, ...rest);
  };
  channel.on('internalMessage', ({ ack }) => void (ack !== undefined && untaken.delete(ack)));
  // Comes after everything that the process had still to say; `disconnect` does not come while a connection is on its way.
  channel.once('close', () => {
    for (const handle of untaken.values()) handle.close();
  });
}
