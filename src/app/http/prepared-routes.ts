import type { IncomingMessage } from 'node:http';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import {
  GUARDS_METADATA,
  HEADERS_METADATA,
  HTTP_CODE_METADATA,
  INTERCEPTORS_METADATA,
  PARAMTYPES_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
} from '@nestjs/common/internal';
import { ApplicationConfig } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/internal';
import { AppConfig } from '#libs/config';
import { asksInVain, compileValidator, PREPARED, type DtoClass, type Validator } from '#libs/http';
import { runInContext } from '#libs/kernel';
import { BodyGuard, JSON_BODY } from './body.guard.js';
import type { Exchange } from './exchange.js';
import type { Replacement } from './gated-response.js';
import { parseJsonBody } from './json-text.js';
import { RouteCatalogue, type CataloguedRoute } from './route-catalogue.js';

/** How a prepared route ends. */
export interface ShortWay {
  readonly answer: (answer: Replacement) => void;
  /** Goes on as if the route were an ordinary one. */
  readonly usual: () => void;
}

/**
 * The routes marked with `@Prepared()`. All that is known before a request comes (guards, validator, handler, status and
 * headers) is read from their declarations once, at the start.
 */
@Injectable()
export class PreparedRoutes {
  readonly #routes = new Map<string, PreparedRoute>();

  constructor(
    private readonly catalogue: RouteCatalogue,
    private readonly application: ApplicationConfig,
    private readonly config: AppConfig,
  ) {}

  /** Once, after the catalogue is filled. @throws Error for a route whose declaration asks for what the short way lacks */
  fill(): this {
    const guards = this.application.getGlobalGuards().filter((guard) => !(guard instanceof BodyGuard));
    for (const route of this.catalogue.routes) {
      if (Reflect.getMetadata(PREPARED, route.handler) !== true) continue;
      this.#routes.set(route.template, new PreparedRoute(route, guards, this.config.body_limit_bytes));
    }
    return this;
  }

  get templates(): readonly string[] {
    return [...this.#routes.keys()];
  }

  /** The route that may answer this request at once. A path in any other than its plain form takes the usual way. */
  find(request: IncomingMessage): PreparedRoute | undefined {
    const route = this.#routes.get(request.url ?? '');
    return route?.takes(request) === true ? route : undefined;
  }
}

/** One route, compiled. */
class PreparedRoute {
  readonly #method: string;
  readonly #template: string;
  readonly #body: DtoClass;
  readonly #validate: Validator<object>;
  readonly #status: number;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    private readonly route: CataloguedRoute,
    private readonly guards: readonly CanActivate[],
    private readonly bodyLimit: number,
  ) {
    const { handler } = route;
    this.#method = route.method;
    this.#template = route.template;
    this.#body = bodyOf(route);
    this.#validate = compileValidator(this.#body);
    this.#status = Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number;
    const headers = Reflect.getMetadata(HEADERS_METADATA, handler) as { name: string; value: string }[];
    this.#headers = Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]));
  }

  /** A JSON body of known and ordinary length. */
  takes({ method, headers }: IncomingMessage): boolean {
    const length = Number(headers['content-length'] ?? 0);
    return (
      method === this.#method &&
      length > 0 &&
      length <= this.bodyLimit &&
      headers['transfer-encoding'] === undefined &&
      headers['content-encoding'] === undefined &&
      headers.expect === undefined &&
      isJson(headers['content-type'])
    );
  }

  /** Answers, or goes the usual way as soon as anything is not as it should be. */
  serve(exchange: Exchange, request: IncomingMessage, way: ShortWay): void {
    exchange.route = this.#template;
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const [first] = chunks;
        exchange.received = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
        const question = this.#read(exchange);
        if (question === null) way.usual();
        else runInContext(exchange, () => this.#admit(exchange, request, question, way));
      });
  }

  /** The checked body; null for one that is refused or warned of, which the usual way does in its order. */
  #read(exchange: Exchange): object | null {
    try {
      const body = parseJsonBody(exchange.received ?? Buffer.alloc(0));
      const checked = this.#validate(body, 'body');
      if ('violations' in checked || asksInVain(this.#body, body)) return null;
      exchange.payload = body;
      return checked.value;
    } catch {
      return null; // not JSON: the usual way finds the same fault, and says it
    }
  }

  /** The guards in their order. What they refuse is refused again on the usual way: a refusal counts nothing. */
  #admit(exchange: Exchange, request: IncomingMessage, question: object, way: ShortWay): void {
    const headers = new KeptHeaders();
    const { type } = this.route.controller;
    const context = new ExecutionContextHost([request, headers], type, this.route.handler);
    context.setType('http');
    this.#ask({ exchange, question, context, headers: headers.values, way }, 0);
  }

  /** Asks the guards from this one on, then the handler. */
  #ask(asked: Asked, from: number): void {
    const { context, way } = asked;
    try {
      for (let at = from; at < this.guards.length; at += 1) {
        const admitted = this.guards[at]?.canActivate(context);
        if (admitted === true) continue;
        if (!(admitted instanceof Promise)) return way.usual();
        admitted.then((later) => (later === true ? this.#ask(asked, at + 1) : way.usual()), way.usual);
        return;
      }
    } catch {
      return way.usual();
    }
    this.#answer(asked);
  }

  #answer(asked: Asked): void {
    try {
      const answer = this.route.handler.call(this.route.controller.instance, asked.question);
      if (!(answer instanceof Promise)) this.#answered(asked, answer);
      else {
        answer.then(
          (body: unknown) => this.#answered(asked, body),
          (error: unknown) => this.#failed(asked, error),
        );
      }
    } catch (error) {
      this.#failed(asked, error);
    }
  }

  #answered({ headers, way }: Asked, body: unknown): void {
    way.answer({ status: this.#status, headers: { ...headers, ...this.#headers }, body: body as string });
  }

  /** The handler was asked once: the usual way only tells what went wrong. */
  #failed({ exchange, headers, way }: Asked, error: unknown): void {
    exchange.refusal = { error, headers };
    way.usual();
  }
}

/** A request on the short way. Methods hand it on: a function made for each request would be named anew each time. */
interface Asked {
  readonly exchange: Exchange;
  readonly question: object;
  readonly context: ExecutionContext;
  readonly headers: Readonly<Record<string, string>>;
  readonly way: ShortWay;
}

/** Takes the headers that guards set, as Fastify's reply does. */
class KeptHeaders {
  readonly values: Record<string, string> = {};

  header(name: string, value: string): void {
    this.values[name.toLowerCase()] = value;
  }
}

const isJson = (type: string | undefined): boolean =>
  type === undefined || type === 'application/json' || JSON_BODY.test(type);

/** What the short way does not do. */
const UNKNOWN_THERE = [GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA];

/** The class of the only parameter. @throws Error when the route is none for the short way */
function bodyOf({ handler, controller, template }: CataloguedRoute): DtoClass {
  const { name } = handler;
  const parameters = Object.keys(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller.type, name) as object | undefined) ?? {},
  );
  const [dto, ...others] = (Reflect.getMetadata(PARAMTYPES_METADATA, controller.instance, name) ??
    []) as DtoClass[];
  const isPlain =
    parameters.length === 1 &&
    parameters[0] === `${RouteParamtypes.BODY}:0` &&
    others.length === 0 &&
    UNKNOWN_THERE.every(
      (key) => !Reflect.hasMetadata(key, handler) && !Reflect.hasMetadata(key, controller.type),
    ) &&
    Reflect.hasMetadata(HEADERS_METADATA, handler) &&
    Reflect.hasMetadata(HTTP_CODE_METADATA, handler);
  if (isPlain && dto !== undefined) return dto;
  throw new Error(
    `${template} cannot be prepared: it takes one @Body(), states its status and content type, and has no guard, interceptor or pipe of its own`,
  );
}
