import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Asker, Body, FuzzRequest, PathStyle, Text } from './requests.js';

/** What a request is sent with that it does not say itself: it shall mean the same when it is sent again. */
export interface World {
  /** Headers that prove who asks. */
  credentials(asker: Asker): Readonly<Record<string, string>>;
  /** The nth thing that this parameter of this path may name. */
  noun(template: string, parameter: string, nth: number): string;
}

export type Outcome =
  | {
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    }
  | { readonly failure: string };

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  readonly chunked: boolean;
}

/** No answer takes longer, whatever is asked; `Prefer: wait` waits 1 s here. */
const DEADLINE_MS = 20_000;
/** A stream of events is listened to for so long. */
const LISTEN_MS = 150;
const CHUNKS = 3;

/** Text as a part of an address, also text that is no Unicode. */
const escaped = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCodePoint(byte);
      return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');

export function wireOf(request: FuzzRequest, world: World): WireRequest {
  const { route, method, contentType, encoding, chunked } = request;
  const written = (name: string, text: Text): string =>
    escaped('text' in text ? text.text : world.noun(route.template, name, text.nth));
  const path = route.template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    written(name, request.path[name] ?? { text: '' }),
  );
  const pairs = request.query.map(([name, text]) => `${escaped(name)}=${written(name, text)}`);
  // Of a head that is too long the server cannot know that it asks for no body.
  const raw = method === 'HEAD' ? request.rawQuery.slice(0, 1_000) : request.rawQuery;
  const query = [...pairs, ...(raw === '' ? [] : [raw])].join('&');
  const body = request.body === null ? null : encoded(bytesOf(request.body), encoding);
  return {
    method,
    path: `${styled(path, request.style)}${query === '' ? '' : `?${query}`}`,
    headers: {
      ...world.credentials(request.asker),
      ...(body !== null && contentType !== null && { 'Content-Type': contentType }),
      ...(body !== null && encoding !== 'none' && { 'Content-Encoding': ENCODINGS[encoding] }),
      ...(body !== null &&
        (chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': String(body.length) })),
      ...request.headers,
    },
    body,
    chunked,
  };
}

const bytesOf = (body: Body): Buffer =>
  'json' in body ? Buffer.from(JSON.stringify(body.json) ?? '') : Buffer.from(body.bytes, 'latin1');

const ENCODINGS = { gzip: 'gzip', br: 'br', 'false gzip': 'gzip', unknown: 'snappy' } as const;

const encoded = (bytes: Buffer, encoding: FuzzRequest['encoding']): Buffer =>
  encoding === 'gzip' ? gzipSync(bytes) : encoding === 'br' ? brotliCompressSync(bytes) : bytes;

function styled(path: string, style: PathStyle): string {
  switch (style) {
    case 'plain':
      return path;
    case 'slash':
      return `${path}/`;
    case 'encoded':
      return path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
    case 'upper':
      return path.replace(/[a-z]+/, (word) => word.toUpperCase());
    case 'double':
      return `/${path}`;
    case 'dots':
      return `/x/..${path}`;
    case 'matrix':
      return `${path};a=b`;
    case 'percent':
      return `${path}%`;
    case 'nul':
      return `${path}%00`;
  }
}

/** Sends over a few connections that are kept alive. */
export class Sender {
  readonly #agent: Agent;
  readonly #url: URL;

  constructor(url: string, connections: number) {
    this.#url = new URL(url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  close(): void {
    this.#agent.destroy();
  }

  async send(request: WireRequest): Promise<Outcome> {
    const outcome = await this.#once(request);
    // A connection that the server has just closed while it was idle: not the request's fault.
    return 'failure' in outcome && outcome.failure === STALE ? this.#once(request) : outcome;
  }

  #once({ method, path, headers, body, chunked }: WireRequest): Promise<Outcome> {
    return new Promise((settle) => {
      const { hostname, port } = this.#url;
      const sent = httpRequest({ agent: this.#agent, hostname, port, method, path, headers });
      const deadline = setTimeout(() => {
        settle({ failure: `no answer in ${DEADLINE_MS / 1000} s` });
        sent.destroy();
      }, DEADLINE_MS);
      const end = (outcome: Outcome): void => {
        clearTimeout(deadline);
        settle(outcome);
      };
      sent.once('response', (response) => {
        receive(response, end, () => sent.destroy());
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = sent.reusedSocket && error.code === 'ECONNRESET';
        end({ failure: isStale ? STALE : `connection broken: ${error.code ?? error.message}` });
      });
      if (body !== null) for (const piece of piecesOf(body, chunked)) sent.write(piece);
      sent.end();
    });
  }
}

const STALE = 'stale connection';

/** Whether the process that was asked went away before its answer had come; one that never answers did not. */
export const isCut = (outcome: Outcome): boolean =>
  'failure' in outcome && /^(?:stale connection|connection broken|answer cut off)/.test(outcome.failure);

const piecesOf = (body: Buffer, chunked: boolean): readonly Buffer[] => {
  const size = Math.ceil(body.length / CHUNKS);
  if (!chunked || size === 0) return [body];
  return Array.from({ length: CHUNKS }, (_, index) => body.subarray(index * size, (index + 1) * size)).filter(
    ({ length }) => length > 0,
  );
};

function receive(response: IncomingMessage, end: (outcome: Outcome) => void, abort: () => void): void {
  const { statusCode: status = 0, headers } = response;
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.once('end', () => end({ status, headers, body: Buffer.concat(chunks) }));
  response.once('error', (error) => end({ failure: `answer cut off: ${error.message}` }));
  if (!(headers['content-type'] ?? '').startsWith('text/event-stream')) return;
  setTimeout(() => {
    const text = Buffer.concat(chunks).toString();
    end({ status, headers, body: Buffer.from(text.slice(0, text.lastIndexOf('\n\n') + 2)) });
    abort();
  }, LISTEN_MS);
}

/** The request as a line for a shell; credentials stand as the names of their roles. */
export function curlOf({ method, path, headers, body }: WireRequest, { role, by }: Asker): string {
  const shown = Object.entries(headers)
    .filter(([name]) => name !== 'Content-Length')
    .map(([name, value]) =>
      name === 'X-API-KEY' || name === 'Authorization' ? `${name}: <${by} of ${role}>` : `${name}: ${value}`,
    );
  const parts = [
    `curl --path-as-is -g -X ${method} ${quoted(Buffer.from(`$URL${path}`))}`,
    ...shown.map((header) => `-H ${quoted(Buffer.from(header, 'latin1'))}`),
    ...(body === null ? [] : [`--data-binary ${quoted(body)}`]),
  ];
  return parts.join(' ');
}

const MAX_SHOWN = 400;

/** In the form `$'…'`, which shells take for any bytes. */
function quoted(bytes: Buffer): string {
  const cut = bytes.length > MAX_SHOWN ? `… (${bytes.length} bytes)` : '';
  const text = [...bytes.subarray(0, MAX_SHOWN)]
    .map((byte) => {
      const character = String.fromCodePoint(byte);
      if (character === "'" || character === '\\') return `\\${character}`;
      return byte >= 32 && byte < 127 ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
  return text.startsWith('$URL') ? `"${text}"` : `$'${text}${cut}'`;
}
