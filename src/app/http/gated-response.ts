import { STATUS_CODES, ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** What is known of an answer when its first byte is about to leave. */
export interface Departure {
  readonly status: number;
  /** Bytes of the body; null for a stream. */
  readonly bytes: number | null;
}

/** Takes the place of an answer that may not leave. */
export interface Replacement {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Idle connections live longer than common proxies' own 60 s, so that these never meet one that is just closing. */
export const KEEP_ALIVE_MS = 65_000;

/** Status and headers that many answers have, checked and joined once. */
export class HeadStart {
  readonly lines: string;

  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
  ) {
    this.lines = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${linesOf(headers)}`;
  }
}

const linesOf = (headers: Readonly<Record<string, string>>): string => {
  let lines = '';
  for (const name in headers) lines += `${name}: ${headers[name]}\r\n`;
  return lines;
};

/** Decides over an answer: null lets it leave. */
export type DepartureGate = (departure: Departure) => Promise<Replacement | null>;

/** The same without a promise. It may not call back before it returns. */
export type QuickGate = (departure: Departure, opened: (replacement: Replacement | null) => void) => void;

/**
 * A response whose first byte waits for its gate. Whatever writes it (either HTTP adapter, a stream, server-sent
 * events) notices nothing: until the gate opens, its calls are kept in order, with back-pressure for streams.
 */
export class GatedResponse extends ServerResponse {
  #gate: DepartureGate | null = null;
  #state: 'open' | 'waiting' | 'released' | 'replaced' = 'released';
  #head: (() => void) | null = null;
  #headHeaders: Headers | undefined;
  #ownHeaders: Readonly<Record<string, string>> = {};
  #kept: (() => void)[] = [];
  #keptWrites = false;

  /**
   * Puts a gate in front of this response; without one it behaves like any other. `headers` go out with whatever head
   * the response gets; put there at the end they cost a fifth of what a dozen `setHeader` calls would.
   */
  guardWith(gate: DepartureGate, headers: Readonly<Record<string, string>> = {}): void {
    this.#gate = gate;
    this.#ownHeaders = headers;
    this.#state = 'open';
  }

  /** True until the first byte was about to leave. */
  get untouched(): boolean {
    return this.#state === 'open';
  }

  /** Opens for good without asking the gate, when nobody is left to receive the answer. */
  abandon(): void {
    if (this.#state === 'open') this.#state = 'released';
  }

  /**
   * Answers with a whole body as soon as `mayLeave` says so: the same as a head and an end behind the gate, without the
   * promises and kept calls.
   * @param mayLeave calls back later, with null or with what takes the place of the answer
   */
  answer({ status, headers, body }: Replacement, mayLeave: QuickGate): void {
    if (this.#state !== 'open') return;
    this.#state = 'waiting';
    this.statusCode = status;
    const bytes = Buffer.byteLength(body);
    mayLeave({ status, bytes }, (replacement) => {
      if (replacement !== null) return this.#replace(replacement);
      this.#state = 'released';
      super.writeHead(status, { ...this.#ownHeaders, ...headers, 'content-length': bytes });
      super.end(body);
    });
  }

  /**
   * Sends a whole answer without asking the gate, for one that must cost next to nothing. Node checks and joins every header of
   * every head: a dozen of them cost a third of such an answer. So the head goes to Node as it would have made it.
   * @param headers nothing that a header may not hold
   */
  sendAtOnce(start: HeadStart, headers: Readonly<Record<string, string>>, body: string): void {
    this.#state = 'released';
    const all = { ...headers, 'Content-Length': String(Buffer.byteLength(body)) };
    if (this.shouldKeepAlive) {
      this.statusCode = start.status;
      (this as unknown as { _header: string })._header = start.lines + linesOf(all) + endOfHead();
    } else super.writeHead(start.status, { ...start.headers, ...all });
    super.end(body);
  }

  override writeHead(status: number, first?: string | Headers, second?: Headers): this {
    if (this.#state === 'replaced') return this;
    if (this.#state === 'released') return this.#writeHead(status, first, second);
    this.statusCode = status;
    this.#headHeaders = typeof first === 'string' ? second : first;
    this.#head = () => void this.#writeHead(status, first, second);
    return this;
  }

  #writeHead(status: number, first: string | Headers | undefined, second: Headers | undefined): this {
    const [message, headers] = typeof first === 'string' ? [first, second] : [undefined, first];
    if (Array.isArray(headers)) {
      for (const [name, value] of Object.entries(this.#ownHeaders)) this.setHeader(name, value);
      return super.writeHead(status, message, headers);
    }
    const all = headers === undefined ? this.#ownHeaders : { ...this.#ownHeaders, ...headers };
    return super.writeHead(status, message, all);
  }

  override flushHeaders(): void {
    this.#pass(null, () => super.flushHeaders());
  }

  override write(...call: unknown[]): boolean {
    if (this.#state === 'released') return super.write(...(call as [unknown]));
    this.#keptWrites = true;
    this.#pass(null, () => void super.write(...(call as [unknown])));
    return false;
  }

  override end(...call: unknown[]): this {
    if (this.#state === 'released') return super.end(...(call as [unknown]));
    const streamed = this.#keptWrites;
    this.#pass(streamed ? null : sizeOf(call[0]), () => void super.end(...(call as [unknown])));
    return this;
  }

  /** Runs a call at once, or keeps it; the first one asks the gate. */
  #pass(bytes: number | null, call: () => void): void {
    if (this.#state === 'released') return call();
    if (this.#state === 'replaced') return;
    this.#kept.push(call);
    if (this.#state === 'waiting' || this.#gate === null) return;
    this.#state = 'waiting';
    const departure = { status: this.statusCode, bytes: this.#contentLength() ?? bytes };
    void this.#gate(departure).then((replacement) => {
      if (replacement === null) this.#release();
      else this.#replace(replacement);
    });
  }

  #contentLength(): number | null {
    const declared = this.#declared('content-length') ?? this.getHeader('content-length');
    return declared === undefined ? null : Number(declared);
  }

  /** A header of the head as it was given, which may be kept back still. */
  #declared(wanted: string): OutgoingHttpHeader | undefined {
    const head = this.#headHeaders;
    if (head === undefined || Array.isArray(head)) return undefined;
    return head[wanted] ?? head[Object.keys(head).find((name) => name.toLowerCase() === wanted) ?? ''];
  }

  /** Is this a stream of server-sent events? */
  get isEventStream(): boolean {
    const type = this.#declared('content-type') ?? this.getHeader('content-type');
    return String(type).startsWith('text/event-stream');
  }

  #release(): void {
    this.#state = 'released';
    this.#head?.();
    for (const call of this.#kept) call();
    this.#kept = [];
    if (this.#keptWrites && !this.writableEnded) this.emit('drain');
  }

  #replace({ status, headers, body }: Replacement): void {
    this.#state = 'released';
    this.#kept = [];
    this.statusMessage = '';
    for (const name of ['content-length', 'content-encoding', 'etag', 'location', 'set-cookie']) {
      this.removeHeader(name);
    }
    this.#writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }, undefined);
    super.end(body);
    this.#state = 'replaced';
  }

  static {
    const base = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(ServerResponse.prototype),
      'headersSent',
    );
    // A head that is kept back counts as sent: nobody may set another header then.
    Object.defineProperty(this.prototype, 'headersSent', {
      configurable: true,
      get(this: GatedResponse) {
        return this.#head !== null || base?.get?.call(this) === true;
      },
    });
  }
}

const sizeOf = (chunk: unknown): number => {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
};

let second = Number.NaN;
let ending = '';

/** What Node puts at the end of a head when the connection is kept. */
function endOfHead(): string {
  const now = Date.now();
  if (Math.floor(now / 1_000) === second) return ending;
  second = Math.floor(now / 1_000);
  const date = new Date(now).toUTCString();
  return (ending = `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1_000}\r\n\r\n`);
}
