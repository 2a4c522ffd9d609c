import { pino, type DestinationStream } from 'pino';
import type { AppConfig } from '#libs/config';

/** Where log lines go, and how to get the last ones there before the process ends. */
export interface LogStreams {
  readonly streams: readonly DestinationStream[];
  close(): Promise<void>;
}

type Settings = Pick<AppConfig, 'save_log' | 'remote_log' | 'username' | 'password'>;

/** The console, and the file and the URL that the settings name. */
export function openLogStreams(settings: Settings): LogStreams {
  const console = pino.destination({ dest: 1, sync: true });
  const file =
    settings.save_log === null
      ? null
      : pino.destination({ dest: settings.save_log, sync: true, mkdir: true });
  const remote = settings.remote_log === null ? null : new RemoteLogStream(settings.remote_log, settings);
  return {
    streams: [console, file, remote].filter((stream) => stream !== null),
    close: async () => {
      console.flushSync();
      file?.flushSync();
      await remote?.close();
    },
  };
}

/** Lines that may wait for the remote end; older ones are dropped, and their number is told with the next post. */
const MAX_WAITING = 10_000;
const POST_TIMEOUT_MS = 5_000;

/** Posts log lines as newline-delimited JSON, those of one moment together; a remote end that is away costs nothing but them. */
export class RemoteLogStream implements DestinationStream {
  #waiting: string[] = [];
  #dropped = 0;
  #posting: Promise<void> | null = null;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    private readonly url: string,
    { username, password }: { readonly username: string | null; readonly password: string | null },
  ) {
    const pair = password === null ? null : Buffer.from(`${username ?? ''}:${password}`).toString('base64');
    this.#headers = {
      'Content-Type': 'application/x-ndjson',
      ...(pair !== null && { Authorization: `Basic ${pair}` }),
    };
  }

  write(line: string): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#waiting.push(line);
    this.#posting ??= this.#post();
  }

  /** Posts what still waits. */
  async close(): Promise<void> {
    while (this.#posting !== null) await this.#posting;
  }

  async #post(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0);
      if (!(await this.#send(this.#notice() + lines.join('')))) this.#dropped += lines.length;
    }
    this.#posting = null;
  }

  #notice(): string {
    if (this.#dropped === 0) return '';
    const notice = {
      level: 'WARNING',
      name: 'prediction_provider.log',
      msg: `${this.#dropped} log lines were lost`,
    };
    this.#dropped = 0;
    return `${JSON.stringify(notice)}\n`;
  }

  async #send(body: string): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(POST_TIMEOUT_MS);
      const response = await fetch(this.url, { method: 'POST', headers: this.#headers, body, signal });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      // A log that can't be written can't be logged; the number of lost lines is told when the remote end is back.
      return false;
    }
  }
}
