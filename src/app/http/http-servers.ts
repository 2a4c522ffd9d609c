import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AppError } from '#libs/kernel';
import { problem, titleOf } from '#libs/http';
import { GatedResponse } from './gated-response.js';

/** Limits on what a client may take its time for; seconds. */
export interface ServerLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
}

type Listener = (request: IncomingMessage, response: GatedResponse) => void;

/** Idle connections live longer than common proxies' own 60 s, so that these never meet one that is just closing. */
const KEEP_ALIVE_MS = 65_000;
/** A timed-out client is noticed at most this late, or after a quarter of the time limit. */
const MAX_CHECK_MS = 1_000;

/** Node's HTTP server with our limits and {@link GatedResponse}s, the same under either HTTP library. */
export function createHttpServer(listener: Listener, limits: ServerLimits): Server {
  const headersTimeout = Math.ceil(limits.headersTimeout * 1000);
  const requestTimeout = Math.max(headersTimeout, Math.ceil(limits.requestTimeout * 1000));
  const server = createServer(
    {
      ServerResponse: GatedResponse,
      headersTimeout,
      requestTimeout,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(MAX_CHECK_MS, Math.ceil(headersTimeout / 4)),
    },
    listener,
  );
  server.on('clientError', answerBrokenRequest);
  // To the HTTP libraries a gated response is a response.
  return server as unknown as Server;
}

const BROKEN: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** What never became a request (slow, too long, not HTTP) is answered as far as the connection still allows, and closed. */
function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy(error);
    return;
  }
  const status = BROKEN[error.code ?? ''] ?? 400;
  const occurrence = { instance: '/', requestId: '' };
  const { request_id: _, ...body } = problem(status, 'malformed_request', titleOf(status), occurrence);
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${titleOf(status)}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
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
