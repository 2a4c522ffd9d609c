import { pino, multistream, type DestinationStream, type Logger } from 'pino';
import type { AppConfig } from '#libs/config';
import type { OutageListener, ReplicaListener } from '#libs/database';
import { redactPath, redactText } from '#libs/http';
import { currentContext, messageOf, OutageError } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';
import { traceIdOf } from '#libs/telemetry';
import type { Exchange } from '../http/exchange.js';
import type { RequestObserver } from '../http/http-front.js';
import type { RefusalObserver } from '../http/overload.js';
import { LastingStream } from './lasting-stream.js';
import { lineFields, lineOf } from './line.js';

export type { Logger } from 'pino';

/** The settings' level names in pino's words. */
const LEVELS: Readonly<Record<AppConfig['log_level'], string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
};

/** The level words that operators search for; `WARN` and `ERROR` are also what quiet mode's readers look out for. */
const LABELS: Readonly<Record<string, string>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

type LogSettings = Pick<AppConfig, 'log_level' | 'enable_logging' | 'quiet_mode'>;

/** The least severe level that is written: quiet mode leaves errors, switched-off logging only what ends the process. */
export function levelOf({ log_level, enable_logging, quiet_mode }: LogSettings): string {
  if (!enable_logging) return 'fatal';
  return quiet_mode && log_level !== 'CRITICAL' ? 'error' : LEVELS[log_level];
}

/**
 * The process's log: one JSON object a line, with the request's id wherever a request is at work. Secrets never appear,
 * known by their names or their look; an error shows its type, message, code and stack, not the statement or values of a query.
 */
export function createLogger(settings: LogSettings, streams: readonly DestinationStream[]): Logger {
  return pino(
    {
      level: levelOf(settings),
      timestamp: pino.stdTimeFunctions.isoTime,
      base: null,
      formatters: {
        level: (label) => ({ level: LABELS[label] ?? label }),
        log: lineFields,
      },
      // an error is presented with all fields, before pino's own serializer
      serializers: { err: (presented: unknown) => presented },
      hooks: {
        logMethod(given, write) {
          if (tellsOfOutage(given[0])) return;
          const redacted = given.map((one: unknown) => (typeof one === 'string' ? redactText(one) : one));
          write.apply(this, redacted as typeof given);
        },
      },
      mixin: () => {
        const { requestId, traceparent = null } = currentContext() ?? {};
        return {
          ...(requestId !== undefined && { request_id: requestId }),
          ...(traceparent !== null && { trace_id: traceIdOf(traceparent) }),
        };
      },
    },
    multistream(streams.map((stream) => ({ stream, level: 'trace' as const }))),
  );
}

/** What fails of an outage is counted; the outage itself was said when it began, not by every request that meets it. */
function tellsOfOutage(subject: unknown): boolean {
  if (typeof subject !== 'object' || subject === null) return false;
  const { err, error } = subject as { err?: unknown; error?: unknown };
  return [subject, err, error].some((one) => one instanceof OutageError);
}

/** Says once that the database is away, and once that it is back; {@link createLogger} leaves out what fails between. */
export function outageLog(logger: Logger): OutageListener {
  const log = logger.child({ name: 'prediction_provider.database' });
  return {
    began: (outage) =>
      log.error(
        { code: outage.code, reason: rootOf(outage) },
        `${outage.detail}; what needs it is answered with 503`,
      ),
    ended: ({ code }, lastedMs, refused) =>
      log.warn({ code, refused }, `The database serves again after ${(lastedMs / 1000).toFixed(1)} s`),
  };
}

/** Says once that lists are read from the database itself, and once that the replica has them again. */
export function replicaLog(logger: Logger): ReplicaListener {
  const log = logger.child({ name: 'prediction_provider.database' });
  return {
    left: (error) =>
      log.warn({ reason: rootOf(error) }, 'The replica cannot be read; database_url serves its reads too'),
    joined: () => log.info('Lists, statistics and searches are read from the replica'),
  };
}

/** Causes below this depth add nothing. */
const MAX_CAUSES = 5;

/** The text of what was at the bottom of an error. */
function rootOf(error: unknown, depth = 0): string {
  const { cause, driverError } = error as { cause?: unknown; driverError?: unknown };
  const inner = cause ?? driverError;
  return inner === undefined || inner === error || depth >= MAX_CAUSES
    ? messageOf(error)
    : rootOf(inner, depth + 1);
}

/** The log as plugins know it. */
export function pluginLogger(logger: Logger): PluginLogger {
  const child = logger.child({ name: 'prediction_provider.plugins' });
  const writing =
    (level: 'info' | 'warn' | 'error') =>
    (...given: unknown[]): void => {
      const { fields, text } = lineOf(given);
      child[level](fields, text);
    };
  return { info: writing('info'), warn: writing('warn'), error: writing('error') };
}

/** One line a request: `METHOD PATH - STATUS - N.Nms`; one a second for those that there is no room for. */
export class AccessLog implements RequestObserver, RefusalObserver {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger.child({ name: 'prediction_provider.access' });
  }

  finished(exchange: Exchange, status: number, durationMs: number): void {
    if (!this.#logger.isLevelEnabled('info')) return;
    const { method, requestId, traceparent } = exchange;
    this.#logger.info(
      {
        request_id: requestId,
        ...(traceparent !== null && { trace_id: traceIdOf(traceparent) }),
        user: exchange.actor?.username,
        address: exchange.clientAddress,
        method,
        route: exchange.route ?? undefined,
        status,
        ms: Math.round(durationMs * 10) / 10,
        bytes: exchange.answerBytes ?? undefined,
      },
      `${method} ${redactPath(exchange.path)} - ${status} - ${durationMs.toFixed(1)}ms`,
    );
  }

  refused(byMethod: ReadonlyMap<string, number>, lastly: string): void {
    const requests = [...byMethod.values()].reduce((sum, one) => sum + one, 0);
    this.#logger.warn({ status: 503, requests }, `${requests} requests were refused at once: ${lastly}`);
  }
}

/** Where log lines go, and how to get the last ones there before the process ends. */
export interface LogStreams {
  readonly streams: readonly DestinationStream[];
  /** Lines that could not be written so far, by where they should have gone. */
  readonly lost: () => Readonly<Record<string, number>>;
  close(): Promise<void>;
}

type StreamSettings = Pick<AppConfig, 'save_log' | 'remote_log' | 'username' | 'password'>;

/** The console, and the file and the URL that the settings name. */
export function openLogStreams(settings: StreamSettings): LogStreams {
  for (const stream of [process.stdout, process.stderr]) {
    // whoever reads it has ended, or its disk is full: no reason to end as well
    if (stream.listenerCount('error', ignoreError) === 0) stream.on('error', ignoreError);
  }
  const console = new LastingStream('the console', 1);
  const file = settings.save_log === null ? null : new LastingStream('save_log', settings.save_log);
  const remote = settings.remote_log === null ? null : new RemoteLogStream(settings.remote_log, settings);
  return {
    streams: [console, file, remote].filter((stream) => stream !== null),
    lost: () => ({ console: console.lost, file: file?.lost ?? 0, remote: remote?.lost ?? 0 }),
    close: async () => {
      console.close();
      file?.close();
      await remote?.close();
    },
  };
}

const ignoreError = (): void => undefined;

/** Lines that may wait for the remote end; older ones are dropped, and their number is told with the next post. */
const MAX_WAITING = 10_000;
const POST_TIMEOUT_MS = 5_000;

/** Posts log lines as newline-delimited JSON, those of one moment together; a remote end that is away costs nothing but them. */
export class RemoteLogStream implements DestinationStream {
  #waiting: string[] = [];
  #dropped = 0;
  #lost = 0;
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
      this.#drop(1);
    }
    this.#waiting.push(line);
    this.#posting ??= this.#post();
  }

  /** Lines that were lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Posts what still waits. */
  async close(): Promise<void> {
    while (this.#posting !== null) await this.#posting;
  }

  async #post(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0);
      if (!(await this.#send(this.#notice() + lines.join('')))) this.#drop(lines.length);
    }
    this.#posting = null;
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#lost += lines;
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
