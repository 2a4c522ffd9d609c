import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AppError, entryPoint } from '#libs/kernel';
import { DATABASE_TIMEOUTS } from '../timeouts.js';
import type { ReadAnswer, ReadRequest } from './reading-protocol.js';

/** A read that somebody waits for. */
export interface AwaitedRead extends ReadRequest {
  readonly resolve: (rows: object[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface LaneOptions {
  readonly path: string;
  /** A read that takes longer is ended. */
  readonly timeoutMs: number;
  /** The lane has nothing to do. */
  readonly onFree: () => void;
  /** The lane takes nothing any more. */
  readonly onEnd: (lane: ReadingLane) => void;
}

/** A process starts in a tenth of a second; one that takes so long will not. */
const START_MS = 10_000;
/** Of what the process complained about, so much is told. */
const COMPLAINT_LENGTH = 2_000;

/**
 * What glibc reads at a start. After each commit of the service SQLite gives its pages of the file up and reads them anew for the
 * next statement; glibc would return that memory to the system and take it again, a page fault for each page (decision 0101).
 */
const ALLOCATOR = {
  MALLOC_TRIM_THRESHOLD_: String(32 * 1024 ** 2),
  // once one of the thresholds is given, glibc no longer raises the other for large buffers that come and go
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 ** 2),
};

/** One reading process, which runs one statement at a time. It keeps this process alive only while somebody waits. */
export class ReadingLane {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #read: AwaitedRead | null = null;
  #timer: NodeJS.Timeout | undefined;
  #complaints = '';
  #isReady = false;
  #isOver = false;

  constructor(private readonly options: LaneOptions) {
    const { url, flags } = entryPoint(new URL('./reading-process.js', import.meta.url), 'process');
    // No secrets in the environment: the process has no use for them.
    this.#child = fork(fileURLToPath(url), [options.path, String(DATABASE_TIMEOUTS.busyMs)], {
      execArgv: [...flags],
      env: ALLOCATOR,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.on('message', (answer: ReadAnswer) => {
      if ('ready' in answer) this.#began();
      else this.#settle(answer);
    });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#complaints = (this.#complaints + bytes.toString('utf8')).slice(-COMPLAINT_LENGTH);
    });
    this.#exited = new Promise((done) => {
      const ended = (why: string) => {
        this.#end(readLost(`${why} ${this.#complaints}`.trim()));
        done();
      };
      this.#child.once('error', (error) => ended(String(error)));
      this.#child.once('exit', (code, signal) => ended(`ended with ${signal ?? code}`));
    });
    this.#letGo();
  }

  get isFree(): boolean {
    return this.#read === null && !this.#isOver;
  }

  run(read: AwaitedRead): void {
    this.#read = read;
    this.#child.ref();
    this.#child.channel?.ref();
    this.#limit();
    const { sql, values } = read;
    // a failure to send comes with the end of the process
    this.#child.send({ sql, values } satisfies ReadRequest, () => undefined);
  }

  /** Ends the process at once, whatever it does: SQLite keeps nothing of a connection that only reads. */
  close(reason: unknown): Promise<void> {
    this.#child.ref(); // who waits for its end must live as long
    this.#end(reason);
    return this.#exited;
  }

  /** The time of a read counts from when its process can read. */
  #began(): void {
    this.#isReady = true;
    if (this.#read !== null) this.#limit();
  }

  #limit(): void {
    const { timeoutMs } = this.options;
    const limitMs = this.#isReady ? timeoutMs : timeoutMs + START_MS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(readTimeout(timeoutMs)), limitMs);
  }

  #settle(answer: Exclude<ReadAnswer, { readonly ready: true }>): void {
    if (this.#isOver) return; // it came with the end
    const read = this.#read;
    this.#read = null;
    clearTimeout(this.#timer);
    this.#letGo();
    if ('rows' in answer) read?.resolve(rowsOf(answer));
    else read?.reject(Object.assign(new Error(answer.error.message), answer.error));
    this.options.onFree();
  }

  /** Keeps the process for what comes next, but not for ever. */
  #letGo(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    (this.#child.stderr as Socket | null)?.unref();
    this.#timer = setTimeout(() => this.#end(null), DATABASE_TIMEOUTS.readerIdleMs).unref();
  }

  #end(reason: unknown): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#child.kill('SIGKILL');
    const read = this.#read;
    this.#read = null;
    read?.reject(reason);
    this.options.onEnd(this);
  }
}

type ReadRows = Extract<ReadAnswer, { readonly rows: string }>;

function rowsOf({ columns, rows }: ReadRows): object[] {
  return (JSON.parse(rows) as unknown[][]).map((values) => {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < columns.length; index += 1) row[columns[index] as string] = values[index];
    return row;
  });
}

const readTimeout = (timeoutMs: number): AppError =>
  new AppError(
    'unavailable',
    `The read took longer than ${timeoutMs / 1_000} s and was ended; ask for less, or raise database_read_timeout`,
    { code: 'read_timeout', headers: { 'Retry-After': '5' } },
  );

const readLost = (why: string): AppError =>
  new AppError('unavailable', 'The process that reads the database has ended; try again', {
    code: 'read_lost',
    cause: new Error(`the reading process ${why}`),
    headers: { 'Retry-After': '1' },
  });
