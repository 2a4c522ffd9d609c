import {
  applyDecorators,
  Injectable,
  SetMetadata,
  StreamableFile,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import type { DtoClass } from '../fields/field-type.js';
import { longJson, writerOf } from '../fields/to-wire.js';
import { requestContext } from '../request-context.js';
import { headerOf, WARNINGS_HEADER } from '../validation/warnings.js';
import { Page, pageHeaders } from './page.js';
import type { PreparedInterceptor } from './prepared.js';

/** An answer with headers that depend on it, for example `Location`. */
export class WithHeaders<T> {
  constructor(
    readonly answer: T,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

/**
 * An answer that may be replaced by a later one (`Prefer: wait`). `now` is the answer that is stored with the effect, in
 * one transaction. `later` runs after the commit, never inside of the transaction, and returns the answer to send.
 */
export class AfterCommit<T> {
  constructor(
    readonly now: T,
    readonly later: () => Promise<T>,
  ) {}
}

type Write = (body: object) => unknown;

/** How a route's answers are written. */
interface Presentation {
  readonly write: Write;
  /** Null for answers that are sent unchanged. */
  readonly dto: DtoClass | null;
}

const PRESENTATION = Symbol('PRESENTATION');
const LOCATION = Symbol('LOCATION');
type Locate = (created: object) => string;

const asItIs: Write = (body) => body;

/**
 * Turns the results of handlers into answers, in the same way on every route. Objects of the domain are written as the
 * route's DTO declares them; a {@link Page} gets `Link` and `X-Total-Count`, {@link WithHeaders} its headers. Text, files
 * and `undefined` are passed on unchanged.
 */
@Injectable()
export class Presenter implements NestInterceptor, PreparedInterceptor {
  constructor(private readonly adapters: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map(this.prepare(context)));
  }

  prepare(context: ExecutionContext): (answer: unknown) => unknown {
    const presentation = Reflect.getMetadata(PRESENTATION, context.getHandler()) as Presentation;
    const locate = Reflect.getMetadata(LOCATION, context.getHandler()) as Locate | undefined;
    const response = context.switchToHttp().getResponse<object>();
    return (answer) => {
      if (locate !== undefined) this.#setHeaders(response, { Location: locate(createdIn(answer)) });
      return this.#present(answer, presentation, response);
    };
  }

  #present(answer: unknown, presentation: Presentation, response: object): unknown {
    if (typeof answer !== 'object' || answer === null || answer instanceof StreamableFile) {
      return this.#warned(answer, response);
    }
    if (answer instanceof AfterCommit) {
      return new AfterCommit(this.#present(answer.now, presentation, response), async () =>
        this.#present(await answer.later(), presentation, response),
      );
    }
    if (answer instanceof WithHeaders) {
      this.#setHeaders(response, answer.headers);
      return this.#present(answer.answer, presentation, response);
    }
    if (!(answer instanceof Page)) return this.#written(answer, presentation, response);
    const { path, query } = requestContext();
    this.#setHeaders(response, pageHeaders(answer, path, query));
    return this.#written(answer.answer, presentation, response);
  }

  /** An answer with a long list is written as bytes, in parts; that of a POST is stored as an object (`Idempotency-Key`). */
  #written(body: object, { write, dto }: Presentation, response: object): unknown {
    const long = requestContext().method === 'GET' ? longJson(dto, body) : null;
    return long === null
      ? this.#warned(write(body), response)
      : long.then((bytes) => this.#warned(bytes, response));
  }

  /** Warnings stand at the top of an object, and in a header of anything else, or of every answer. */
  #warned(body: unknown, response: object): unknown {
    const { form, warnings } = requestContext();
    const isLong = Buffer.isBuffer(body);
    if (warnings === undefined) return isLong ? jsonFile(body) : body;
    if (form.warnings === 'body') {
      if (isLong && body[0] === OPEN_OBJECT)
        return jsonFile(
          Buffer.concat([Buffer.from(`{"warnings":${JSON.stringify(warnings)},`), body.subarray(1)]),
        );
      const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
      if (isObject && !isLong && !(body instanceof StreamableFile)) return { warnings, ...body };
    }
    this.#setHeaders(response, { [WARNINGS_HEADER]: headerOf(warnings) });
    return isLong ? jsonFile(body) : body;
  }

  #setHeaders(response: object, headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers))
      this.adapters.httpAdapter.setHeader(response, name, value);
  }
}

const OPEN_OBJECT = '{'.charCodeAt(0);

const jsonFile = (bytes: Buffer): StreamableFile =>
  new StreamableFile(bytes, { type: 'application/json; charset=utf-8', length: bytes.length });

const createdIn = (answer: unknown): object =>
  (answer instanceof AfterCommit ? answer.now : answer) as object;

const interceptOnce: MethodDecorator = (target, name, descriptor) => {
  if (!Reflect.hasMetadata(PRESENTATION, descriptor.value as object))
    UseInterceptors(Presenter)(target, name, descriptor);
};

/**
 * Answers of the route are written as this DTO, or as a list of it; null sends them unchanged.
 * @param location the header `Location`, from what the handler returns
 */
export function Presents(
  dto: DtoClass | null,
  list: boolean,
  location?: (created: never) => string,
): MethodDecorator {
  const one: Write = dto === null ? asItIs : (body) => writerOf(dto)(body);
  const write: Write = list && dto !== null ? (body) => (body as readonly object[]).map(one) : one;
  return applyDecorators(
    interceptOnce,
    SetMetadata(PRESENTATION, { write, dto } satisfies Presentation),
    ...(location === undefined ? [] : [SetMetadata(LOCATION, location)]),
  );
}
