import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyServerFactory } from 'fastify';
import type { AppConfig } from '#libs/config';
import { AppError, newUuid } from '#libs/kernel';
import { problem, problemReply, titleOf, type AnswerForm } from '#libs/http';
import { MAX_HEADERS } from './exchange.js';
import { GatedResponse, KEEP_ALIVE_MS } from './gated-response.js';
import type { HttpFront, Listener } from './http-front.js';
import type { HttpLibrary, ServerMaker } from './http-library.js';

type Settings = Pick<AppConfig, 'http_adapter' | 'headers_timeout' | 'request_timeout' | 'error_bodies'>;

/** Long path parameters are a validator's matter, not the router's: longer than any request line that Node takes. */
const MAX_PARAMETER_LENGTH = 1_048_576;

/** The configured HTTP library behind the front. Neither parses bodies or logs: that is done once, by us. */
export async function httpLibrary(settings: Settings, front: HttpFront): Promise<HttpLibrary> {
  const limits = {
    headersTimeout: settings.headers_timeout,
    requestTimeout: settings.request_timeout,
    errors: settings.error_bodies,
  };
  const serverFor = (listener: Listener): Server => createHttpServer(front.before(listener), limits);
  if (settings.http_adapter === 'fastify') return fastifyLibrary(serverFor);
  const { expressLibrary } = await import('./express-library.js');
  return expressLibrary(serverFor);
}

function fastifyLibrary(serverFor: ServerMaker): HttpLibrary {
  let routed: Listener | null = null;
  const serverFactory: FastifyServerFactory<Server> = (handler) => {
    routed = handler as Listener;
    return serverFor(routed);
  };
  const adapter = new FastifyAdapter({
    logger: false,
    // No domain has Nest middleware; the plugin for it would run for every request.
    skipMiddie: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAMETER_LENGTH },
    clientErrorHandler: () => undefined,
    serverFactory,
  });
  const instance = adapter.getInstance();
  instance.removeAllContentTypeParsers();
  // The body stays unread until the body guard comes to it.
  instance.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  return {
    adapter,
    anotherServer: () => {
      if (routed === null) throw new Error('Fastify made no server');
      return serverFor(routed);
    },
    ready: async () => void (await instance.ready()),
  };
}

/** Limits on what a client may take its time for (seconds), and how it hears of a request that became none. */
interface ServerLimits {
  readonly errors: AnswerForm['errors'];
  readonly headersTimeout: number;
  readonly requestTimeout: number;
}

/** A timed-out client is noticed at most this late, or after a quarter of the time limit. */
const MAX_CHECK_MS = 1_000;

/** Node's HTTP server with our limits and {@link GatedResponse}s, the same under either HTTP library. */
function createHttpServer(listener: Listener, limits: ServerLimits): Server {
  const headersTimeout = Math.ceil(limits.headersTimeout * 1000);
  const requestTimeout = Math.max(headersTimeout, Math.ceil(limits.requestTimeout * 1000));
  const server = createServer(
    {
      ServerResponse: GatedResponse,
      headersTimeout,
      requestTimeout,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(MAX_CHECK_MS, Math.ceil(headersTimeout / 4)),
      requireHostHeader: false, // the front refuses, with an answer that clients can read
    },
    listener,
  );
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.on('checkExpectation', listener);
  server.on('clientError', (error, socket: Socket) => answerBrokenRequest(error, socket, limits.errors));
  server.on('connect', (_request, socket: Socket) => answerBroken(socket, 405, limits.errors));
  // To the HTTP libraries a gated response is a response.
  return server as unknown as Server;
}

const BROKEN: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** What never became a request (slow, too long, not HTTP) is answered as far as the connection still allows, and closed. */
function answerBrokenRequest(
  error: Error & { readonly code?: string },
  socket: Socket,
  form: AnswerForm['errors'],
): void {
  if (!socket.writable || error.code === 'ECONNRESET' || isBeingAnswered(socket)) {
    socket.destroy(error);
    return;
  }
  answerBroken(socket, BROKEN[error.code ?? ''] ?? 400, form);
}

/** A second answer would stand in the midst of the first one. Node itself asks in this way; a gate's head is not sent yet. */
function isBeingAnswered(socket: Socket): boolean {
  const { _httpMessage: response } = socket as { _httpMessage?: { readonly _headerSent: boolean } | null };
  return response?._headerSent === true;
}

function answerBroken(socket: Socket, status: number, form: AnswerForm['errors']): void {
  const requestId = newUuid();
  const code = status === 405 ? 'method_not_allowed' : 'malformed_request';
  const answered = problem(status, code, titleOf(status), { instance: '/', requestId });
  const { headers, body } = problemReply(answered, form);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${titleOf(status)}\r\nConnection: close\r\nX-Request-Id: ${requestId}\r\n` +
      `${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/**
 * Begins to listen.
 * @returns the port, also when 0 asked for any
 * @throws AppError `unavailable` that says in plain words why it can't
 */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Whether the port could be had, before a start makes anything that its failure would leave behind.
 * @throws AppError as {@link listen}
 */
export async function assertFree(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await listen(probe, host, port);
  await new Promise((closed) => probe.close(closed));
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): AppError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} on ${host} is in use; stop the other program or choose another port with --port`,
    EACCES: `Port ${port} requires privileges that this process does not have; choose one above 1023 with --port`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; choose another with --host`,
    ENOTFOUND: `The host name ${host} is unknown; choose another with --host`,
  };
  const reason =
    reasons[error.code ?? ''] ?? `Cannot listen on ${host}:${port} (${error.code ?? error.message})`;
  return new AppError('unavailable', reason, { code: 'cannot_listen', cause: error });
}
