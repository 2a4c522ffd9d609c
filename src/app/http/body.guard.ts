import type { IncomingMessage } from 'node:http';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { BINARY_BODY, BODY_LIMIT, requestContext, type BodyLimitName, RawBytes, RawText } from '#libs/http';
import { AppError } from '#libs/kernel';
import type { Exchange } from './exchange.js';
import { RouteCatalogue } from './route-catalogue.js';
import { parseJsonBody, textOf, parseJsonList } from './json-text.js';
import { UnreadQuery } from './unread-query.js';

/** What both HTTP libraries' requests have in common. */
interface AdapterRequest {
  /** Fastify keeps Node's request here; Express's is one itself. */
  readonly raw?: IncomingMessage;
  body?: unknown;
}

interface AdapterResponse {
  header(name: string, value: string): unknown;
}

/**
 * The first guard of every route: names the route in the request's context, says what of its query nobody reads, and reads the body. Here, and not in the
 * HTTP libraries, so that both behave alike: after routing (an unknown path is 404 whatever its body), before
 * credentials, with the route's own limit.
 */
@Injectable()
export class BodyGuard implements CanActivate {
  readonly #limits: Readonly<Record<BodyLimitName, number>>;
  readonly #limitByHandler = new Map<object, number>();
  readonly #unreadQuery = new UnreadQuery();

  constructor(
    private readonly routes: RouteCatalogue,
    { body_limit_bytes, batch_body_limit_bytes }: AppConfig,
  ) {
    this.#limits = { default: body_limit_bytes, batch: batch_body_limit_bytes, ignored: 0 };
  }

  canActivate(execution: ExecutionContext): boolean | Promise<boolean> {
    const handler = execution.getHandler();
    const context = requestContext() as Exchange;
    context.route = this.routes.templateOf(handler, context.routedPath);
    this.#unreadQuery.warn(execution);
    if (context.method === 'GET' || context.method === 'HEAD') return true;
    if (context.refusal !== null) {
      const response = execution.switchToHttp().getResponse<AdapterResponse>();
      for (const [name, value] of Object.entries(context.refusal.headers)) response.header(name, value);
      throw context.refusal.error;
    }
    const limit = this.#limitOf(handler);
    if (limit === 0) return true;
    const request = execution.switchToHttp().getRequest<AdapterRequest>();
    const isBinary = Reflect.getMetadata(BINARY_BODY, handler) === true;
    return this.#receive(request, limit, context, isBinary);
  }

  #limitOf(handler: object): number {
    const known = this.#limitByHandler.get(handler);
    if (known !== undefined) return known;
    const name = (Reflect.getMetadata(BODY_LIMIT, handler) as BodyLimitName | undefined) ?? 'default';
    this.#limitByHandler.set(handler, this.#limits[name]);
    return this.#limits[name];
  }

  async #receive(
    request: AdapterRequest,
    limit: number,
    context: Exchange,
    isBinary: boolean,
  ): Promise<true> {
    const incoming = request.raw ?? (request as IncomingMessage);
    const { received } = context;
    const body = received === null ? await receiveBody(incoming, limit, isBinary) : parseJsonBody(received);
    request.body = body;
    context.payload = body;
    return true;
  }
}

const tooLarge = (limit: number): AppError =>
  new AppError('too_large', `The request body is larger than ${limit} bytes`, {
    headers: { Connection: 'close' },
  });

const encoded = (): AppError =>
  new AppError(
    'unsupported_media',
    'Bodies with a Content-Encoding are not read; send the body uncompressed and without this header',
    { code: 'content_encoding', headers: { Connection: 'close', 'Accept-Encoding': 'identity' } },
  );

export const JSON_BODY = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** Larger bodies are parsed in pieces: `JSON.parse` would keep the event loop for 100 ms at 12 MB. */
const PIECEMEAL_BYTES = 262_144;

/**
 * Reads and parses the body of a request: JSON by its content type (or without one), other text as {@link RawText},
 * undefined when there is none.
 * @param limit most bytes
 * @param isBinary the route reads bytes: what is no JSON, or says where its JSON ends, is handed over as {@link RawBytes}
 * @throws AppError `too_large`, `unsupported_media`, or `invalid` with type `json_invalid`; Error when the client goes away
 */
async function receiveBody(request: IncomingMessage, limit: number, isBinary: boolean): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw encoded();
  const bytes = await readBytes(request, limit);
  if (bytes.length === 0) return undefined;
  const type = request.headers['content-type'];
  const isOther = type !== undefined && !JSON_BODY.test(type);
  if (isBinary && (isOther || request.headers['inference-header-content-length'] !== undefined))
    return new RawBytes(bytes, type ?? 'none');
  if (isOther) return new RawText(bytes.toString('utf8'), type);
  return bytes.length > PIECEMEAL_BYTES ? parseJsonList(textOf(bytes)) : parseJsonBody(bytes);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume();
    return Promise.reject(tooLarge(limit));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    // Nobody listens for 'error': Node then only tells of a client that went away by 'close'.
    request
      .on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limit) chunks.push(chunk);
        // What still comes is thrown away, so that the client gets to read the answer before the connection closes.
        else reject(tooLarge(limit));
      })
      .on('end', () => {
        if (size <= limit)
          resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
      })
      .on('close', () => {
        if (!request.readableEnded) {
          reject(new AppError('bad_request', 'The request ended before its body was complete'));
        }
      });
  });
}
