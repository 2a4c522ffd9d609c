import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  handleWhen,
} from 'cockatiel';
import { AddressPolicy, addressSet, BoundedQueue, type Clock } from '#libs/kernel';
import { PluginError, pluginErrorCode } from '#libs/plugin-sdk';
import type { Dispatcher, Pool } from 'undici';
import type { InferenceServerSettings } from './parameters.js';

/** A request to the server; paths begin behind its address. */
export interface ServerRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface ServerAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly header: (name: string) => string | undefined;
}

/** Requests that may wait for their turn. */
const MAX_WAITING = 10_000;
/** The request came to nothing and did nothing that matters: it may be sent again. */
const LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const unavailable = (reason: string, cause?: unknown): PluginError =>
  new PluginError('source_unavailable', `the inference server ${reason}`, { cause });

/** An address behind the server's name that may not be called. */
class AddressRefused extends Error {
  readonly code = 'ERR_ADDRESS_REFUSED';
}

/**
 * Requests to one inference server: so many at a time, each with a time limit and a limit of its answer, again after a lost
 * connection, and none at all for a while after several failures in a row. Redirects are answers like any other.
 */
export class ServerCalls {
  readonly #origin: string;
  readonly #prefix: string;
  readonly #allows: (address: string) => boolean;
  readonly #queue: BoundedQueue;
  readonly #breaker: CircuitBreakerPolicy;
  #closedUntilMs = -Infinity;
  #pool: Pool | undefined;

  /**
   * @param ca authorities in PEM; undefined for Node's
   * @throws PluginError `not_configured` for an address that may not be called
   */
  constructor(
    url: string,
    private readonly settings: InferenceServerSettings,
    private readonly clock: Clock,
    private readonly ca: string | undefined,
  ) {
    const { origin, pathname, protocol, hostname } = new URL(url);
    this.#origin = origin;
    this.#prefix = pathname.replace(/\/+$/, '');
    const opened = addressSet(settings.inference_networks);
    const policy = new AddressPolicy(settings.inference_networks);
    this.#allows =
      protocol === 'https:'
        ? (address) => policy.allows(address)
        : (address) => opened.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    const host = hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.#allows(host))
      throw new PluginError('not_configured', `inference_url: ${refusal(host, protocol)}`);
    this.#queue = new BoundedQueue(settings.inference_concurrency, MAX_WAITING, () =>
      unavailable(`has ${MAX_WAITING} requests waiting for it`),
    );
    // The breaker would go by the host's clock; when it may be tried again is decided by ours.
    this.#breaker = circuitBreaker(
      handleWhen((error) => pluginErrorCode(error) === 'source_unavailable'),
      { halfOpenAfter: 0, breaker: new ConsecutiveBreaker(settings.inference_break_after) },
    );
    this.#breaker.onBreak(() => {
      this.#closedUntilMs = clock.monotonic() + settings.inference_break_seconds * 1_000;
    });
    this.#breaker.onReset(() => {
      this.#closedUntilMs = -Infinity;
    });
  }

  /** Whether no requests are sent for now. */
  get isBroken(): boolean {
    return this.clock.monotonic() < this.#closedUntilMs;
  }

  /**
   * Sends a request when its turn comes and reads its answer; an answer that can't be used counts as a failure.
   * @param read makes something of the answer; its `source_unavailable` counts
   * @throws PluginError `source_unavailable`
   */
  ask<T>(request: ServerRequest, read: (answer: ServerAnswer) => T, signal?: AbortSignal): Promise<T> {
    return this.#queue.run(async () => {
      if (this.isBroken) throw unavailable('failed repeatedly, so no requests are sent for a while');
      try {
        return await this.#breaker.execute(async () => read(await this.#sent(request, signal)));
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error;
        throw unavailable('failed repeatedly, so no requests are sent for a while', error);
      }
    }, signal);
  }

  /** A look at the server beside the line and the breaker, for probes. */
  look(path: string, limitMs: number): Promise<ServerAnswer> {
    return this.#once({ method: 'GET', path }, limitMs);
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  async #sent(request: ServerRequest, signal: AbortSignal | undefined): Promise<ServerAnswer> {
    const limitMs = this.settings.inference_timeout_seconds * 1_000;
    for (let left = this.settings.inference_retries; ; left -= 1) {
      try {
        return await this.#once(request, limitMs, signal);
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as { readonly code?: unknown };
        if (left === 0 || typeof code !== 'string' || !LOST.has(code)) throw error;
      }
    }
  }

  async #once(request: ServerRequest, limitMs: number, outer?: AbortSignal): Promise<ServerAnswer> {
    const limit = new AbortController();
    const late = unavailable(`did not answer within ${limitMs / 1_000} s (inference_timeout_seconds)`);
    const cancel = this.clock.after(limitMs, () => limit.abort(late));
    const signal = outer === undefined ? limit.signal : AbortSignal.any([outer, limit.signal]);
    try {
      const pool = await this.#opened();
      const answer = await pool.request({
        method: request.method,
        path: `${this.#prefix}${request.path}`,
        headers: { ...this.settings.inference_headers, ...request.headers },
        body: request.body ?? null,
        signal,
      });
      const body = Buffer.from(await answer.body.arrayBuffer());
      return { status: answer.statusCode, body, header: (name) => headerOf(answer, name) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw this.#faultOf(error);
    } finally {
      cancel();
    }
  }

  async #opened(): Promise<Pool> {
    if (this.#pool !== undefined) return this.#pool;
    const { Pool } = await import('undici'); // with the first request, not with the server
    this.#pool ??= new Pool(this.#origin, {
      connections: this.settings.inference_concurrency + 1,
      connect: { lookup: this.#lookup, ...(this.ca !== undefined && { ca: this.ca }) },
      headersTimeout: 0, // the one limit is the signal
      bodyTimeout: 0,
      maxResponseSize: this.settings.inference_answer_bytes,
    });
    return this.#pool;
  }

  /** The addresses behind the server's name; none, when one of them may not be called. */
  readonly #lookup: LookupFunction = (host, { all }, callback) => {
    lookup(host, { all: true }).then(
      (found) => {
        const refused = found.find(({ address }) => !this.#allows(address));
        const [first] = found;
        if (refused !== undefined || first === undefined)
          callback(new AddressRefused(refusal(refused?.address ?? host, this.#origin)), []);
        else if (all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, []),
    );
  };

  #faultOf(error: unknown): PluginError {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (error instanceof AddressRefused)
      return new PluginError('not_configured', `inference_url: ${error.message}`, { cause: error });
    if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
      return unavailable(
        `answered more than ${this.settings.inference_answer_bytes} bytes (inference_answer_bytes)`,
        error,
      );
    return unavailable(`could not be asked (${typeof code === 'string' ? code : 'malformed answer'})`, error);
  }
}

const refusal = (address: string, protocol: string): string =>
  protocol.startsWith('https:')
    ? `${address} is not a public address; inference_networks opens others`
    : `http is allowed only to addresses in inference_networks, which ${address} is not`;

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value[0] : value;
}
