import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Clock } from '#libs/kernel';
import { HostResolver } from './host-resolver.js';
import { parseRetryAfter } from './retry-schedule.js';
import { type Target, TargetRules } from './target-rules.service.js';
import type { DeliveryAttempt, AttemptError } from './webhook.types.js';

/** An attempt that came to nothing, for a known reason. */
class AttemptFault extends Error {
  constructor(readonly code: AttemptError) {
    super(code);
    this.name = 'AttemptFault';
  }
}

/** Codes of OpenSSL and Node about certificates and handshakes. */
const TLS =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_|INVALID_CA|PATH_LENGTH|EPROTO)/;
/** Headers without end, or a length that is none. */
const MALFORMED = /^UND_ERR_(HEADERS_OVERFLOW|RES)/;

/**
 * The short word for what went wrong; texts of errors stay inside, they tell of the service's own network.
 * @throws the error itself when it is none of the network's: then the fault is here
 */
function attemptErrorOf(error: unknown): AttemptError {
  if (error instanceof AttemptFault) return error.code;
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  // undici's; some of them have no code
  if (name === 'HTTPParserError') return 'malformed_answer';
  if (typeof code !== 'string' || code === 'UND_ERR_INVALID_ARG') throw error;
  if (TLS.test(code)) return 'tls_failed';
  return MALFORMED.test(code) ? 'malformed_answer' : 'connection_failed';
}

/** What is sent, as it is sent. */
export interface OutgoingMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** From the first question to the name servers to the last byte of the answer. */
export const SEND_LIMIT_MS = 5_000;
/** Of a name's addresses so many are tried; a long list would make the service knock at strangers' doors. */
export const MAX_ADDRESSES = 8;
/** Of an answer's body so much is read, and thrown away. */
export const MAX_ANSWER_BYTES = 65_536;

/**
 * Calls receivers that strangers named. The addresses behind a name are found once, all of them checked, and the
 * connection is made to these and no others, so that a name server can't answer otherwise the second time. Each call
 * has a connection of its own. Redirects are answers like any other; proxies of the environment are not used.
 */
@Injectable()
export class WebhookSender {
  constructor(
    private readonly rules: TargetRules,
    private readonly resolver: HostResolver,
    private readonly clock: Clock,
  ) {}

  /** Calls the receiver once, whatever comes of it. @throws the reason of `stop` when that aborts */
  async send(message: OutgoingMessage, stop: AbortSignal): Promise<DeliveryAttempt> {
    const [startedMs, began] = [this.clock.now(), this.clock.monotonic()];
    const limit = new AbortController();
    const cancelLimit = this.clock.after(SEND_LIMIT_MS, () => limit.abort(new AttemptFault('timeout')));
    try {
      const outcome = await this.#exchange(message, AbortSignal.any([stop, limit.signal])).catch(
        (error: unknown) => attemptErrorOf(limit.signal.aborted ? limit.signal.reason : error),
      );
      const answer = typeof outcome === 'string' ? null : outcome;
      return {
        startedAt: new Date(startedMs),
        durationMs: Math.round(this.clock.monotonic() - began),
        responseStatus: answer?.status ?? null,
        error: typeof outcome === 'string' ? outcome : errorOfStatus(outcome.status),
        retryAfterMs: parseRetryAfter(answer?.retryAfter, this.clock.now()),
      };
    } finally {
      cancelLimit();
      stop.throwIfAborted();
    }
  }

  async #exchange({ url, headers, body }: OutgoingMessage, signal: AbortSignal): Promise<Answer> {
    const target = this.rules.check(url);
    if ('fault' in target) throw new AttemptFault('target_refused');
    const addresses = await this.#checkedAddresses(target, signal);
    const { Client } = await import('undici'); // with the first message, not with the server
    const client = new Client(target.url.origin, {
      connect: { lookup: answering(addresses), timeout: SEND_LIMIT_MS, rejectUnauthorized: true },
      headersTimeout: 0, // the one limit is the signal
      bodyTimeout: 0,
    });
    const giveUp = (): void => void client.destroy();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const path = target.url.pathname + target.url.search;
      const answer = await client.request({ method: 'POST', path, headers, body, signal, reset: true });
      // The status is the answer: a body that is too long, or never ends, changes nothing about it.
      await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => undefined);
      return { status: answer.statusCode, retryAfter: textOf(answer.headers['retry-after']) };
    } finally {
      signal.removeEventListener('abort', giveUp);
      await client.destroy();
    }
  }

  /** @throws AttemptFault when one of them is not public: a receiver has no use for such a mixture */
  async #checkedAddresses({ host }: Target, signal: AbortSignal): Promise<readonly string[]> {
    const addresses = isIP(host) === 0 ? await this.#resolved(host, signal) : [host];
    const areAllowed = addresses.every((address) => this.rules.addresses.allows(address));
    if (addresses.length === 0 || !areAllowed) throw new AttemptFault('address_refused');
    return addresses.slice(0, MAX_ADDRESSES);
  }

  async #resolved(host: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    const asked = this.resolver.addressesOf(host, signal).catch(() => {
      throw new AttemptFault('dns_failed');
    });
    return Promise.race([asked, aborted(signal)]);
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

/** A lookup that knows its answer. Node does not ask it about addresses; those were checked as they are. */
const answering =
  (addresses: readonly string[]): LookupFunction =>
  (_host, { all }, callback) => {
    const known = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = known;
    if (all === true) callback(null, known);
    else callback(null, first?.address ?? '', first?.family);
  };

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

function errorOfStatus(status: number): AttemptError | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return 'redirect';
  return status === 410 ? 'gone' : 'http_error';
}
