import { createHash } from 'node:crypto';
import {
  applyDecorators,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/internal';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiHeader } from '@nestjs/swagger';
import { defer, firstValueFrom, from, mergeMap, type Observable } from 'rxjs';
import { AppError, invalid } from '#libs/kernel';
import { requestContext, type RequestContext } from '../request-context.js';
import { AfterCommit } from '../replies/presenter.js';
import type { PreparedInterceptor } from '../replies/prepared.js';
import { IdempotencyPort, type StoredReply } from './idempotency.port.js';

const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
/** Keys whose answer is committed but not yet sent: few, and each for `max_wait_seconds` at most. */
type Waiting = Set<string>;

/**
 * Runs a POST with an `Idempotency-Key` only once. The effect and the answer are stored in one transaction. A repeat gets
 * the same status and bytes with `Idempotency-Replayed: true`; 409 while the first request is being processed; 422 if the
 * requests differ. After a failure the key can be used again. Requests without the header are not affected.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor, PreparedInterceptor {
  readonly usualWith = 'idempotency-key';
  readonly #waiting: Waiting = new Set();

  constructor(
    private readonly port: IdempotencyPort,
    private readonly adapters: HttpAdapterHost,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    const request = http.getRequest<{ headers: Readonly<Record<string, unknown>> }>();
    const key = request.headers['idempotency-key'];
    if (key === undefined) return next.handle().pipe(mergeMap(async (answer) => settled(answer)));
    const response = http.getResponse<object>();
    return defer(() => from(this.#once(checkedKey(key), response, next)));
  }

  prepare(): (answer: unknown) => unknown {
    return settled;
  }

  async #once(key: string, response: object, next: CallHandler): Promise<unknown> {
    const request = { ...identityOf(requestContext()), key };
    const id = `${request.scope} ${key}`;
    const reserved = await this.port.reserve(request);
    if (reserved.state === 'mismatch') throw otherRequest(key);
    if (reserved.state === 'in_progress' || this.#waiting.has(id)) throw inProgress();
    if (reserved.state === 'completed') return this.#replay(response, reserved.reply);
    let answer: unknown;
    await this.#committed(reserved.reservation, async () => {
      answer = await firstValueFrom(next.handle());
      if (answer instanceof AfterCommit) this.#waiting.add(id);
      return this.#replyOf(response, answer instanceof AfterCommit ? answer.now : answer);
    });
    if (!(answer instanceof AfterCommit)) return answer;
    try {
      const later = await settled(answer);
      await this.port.amend(reserved.reservation, this.#replyOf(response, later));
      return later;
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #committed(reservation: unknown, work: () => Promise<StoredReply>): Promise<StoredReply> {
    try {
      return await this.port.commit(reservation, work);
    } catch (error) {
      await this.port.release(reservation);
      throw error;
    }
  }

  #replyOf(response: object, answer: unknown): StoredReply {
    const location: unknown = this.adapters.httpAdapter.getHeader(response, 'Location');
    return {
      status: (response as { readonly statusCode: number }).statusCode,
      headers: typeof location === 'string' ? { Location: location } : {},
      body: JSON.stringify(answer ?? null),
    };
  }

  /** `JSON.stringify` wrote the stored text, so parsing and writing it again gives the same bytes. */
  #replay(response: object, { status, headers, body }: StoredReply): unknown {
    const { httpAdapter } = this.adapters;
    httpAdapter.status(response, status);
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.setHeader(response, 'Idempotency-Replayed', 'true');
    return JSON.parse(body) as unknown;
  }
}

const settled = (answer: unknown): unknown => (answer instanceof AfterCommit ? answer.later() : answer);

function checkedKey(value: unknown): string {
  if (typeof value === 'string' && KEY.test(value)) return value;
  throw new AppError('bad_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters', {
    code: 'idempotency_key_malformed',
  });
}

function identityOf(context: RequestContext): { readonly scope: string; readonly fingerprint: string } {
  const { actor, callerNetwork, method, routedPath, query, payload } = context;
  const scope = actor === undefined ? `address:${callerNetwork}` : `user:${actor.userId}`;
  const asked = JSON.stringify([method, routedPath.replace(/\/$/, ''), query, payload ?? null]);
  return { scope, fingerprint: createHash('sha256').update(asked).digest('hex') };
}

const otherRequest = (key: string): AppError =>
  invalid({
    type: 'idempotency_key_reused',
    loc: ['header', 'Idempotency-Key'],
    msg: 'This Idempotency-Key was used for a different request',
    input: key,
  });

const inProgress = (): AppError =>
  new AppError('conflict', 'A request with this Idempotency-Key is being processed', {
    code: 'idempotency_in_progress',
    headers: { 'Retry-After': '1' },
  });

/**
 * Wraps every other interceptor of the route, wherever its decorator stands: their work is part of the effect that is
 * stored, and an answer must not wait inside of the transaction.
 */
const outermost: MethodDecorator = (_target, _name, descriptor) => {
  const handler = descriptor.value as object;
  const others = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) as unknown[] | undefined) ?? [];
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [IdempotencyInterceptor, ...others], handler);
};

/** Marks a POST that creates something: with the same `Idempotency-Key` it runs only once. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    outermost,
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Key that makes retries safe: a repeated request with the same key is not carried out again but gets the first answer, with `Idempotency-Replayed: true`. Keys are kept for 24 hours.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      example: '5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11',
    }),
  );
