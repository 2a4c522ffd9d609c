import type { IncomingMessage } from 'node:http';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ApplicationConfig, ModuleRef } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/internal';
import { AppConfig } from '#libs/config';
import { asksInVain, compileValidator, PREPARED, type PreparedInterceptor, type Validator } from '#libs/http';
import { runInContext } from '#libs/kernel';
import { BodyGuard, JSON_BODY } from './body.guard.js';
import type { Exchange } from './exchange.js';
import type { Replacement } from './gated-response.js';
import { parseJsonBody } from './json-text.js';
import { preparedDeclaration } from './prepared-declaration.js';
import { RouteCatalogue, type CataloguedRoute } from './route-catalogue.js';

/** How a prepared route ends. */
export interface ShortWay {
  readonly answer: (answer: Replacement) => void;
  /** Adds the audit row of an answer that is still to be given, in the transaction that is open. */
  readonly record: (answer: Replacement) => unknown;
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
    private readonly modules: ModuleRef,
    private readonly config: AppConfig,
  ) {}

  /** Once, after the catalogue is filled. @throws Error for a route whose declaration asks for what the short way lacks */
  fill(): this {
    const guards = this.application.getGlobalGuards().filter((guard) => !(guard instanceof BodyGuard));
    for (const route of this.catalogue.routes) {
      if (Reflect.getMetadata(PREPARED, route.handler) !== true) continue;
      const declared = preparedDeclaration(route);
      const interceptors = declared.interceptors.map((type) => this.modules.get(type, { strict: false }));
      const parts = { ...declared, guards, interceptors, bodyLimit: this.config.body_limit_bytes };
      this.#routes.set(route.template, new PreparedRoute(route, parts));
    }
    return this;
  }

  /** Of the routes that write nothing. */
  get readingTemplates(): readonly string[] {
    return [...this.#routes].flatMap(([template, { writes }]) => (writes ? [] : [template]));
  }

  /** The route that may answer this request at once. A path in any other than its plain form takes the usual way. */
  find(request: IncomingMessage): PreparedRoute | undefined {
    const route = this.#routes.get(request.url ?? '');
    return route?.takes(request) === true ? route : undefined;
  }
}

/** What a route is made of. */
interface RouteParts extends Omit<ReturnType<typeof preparedDeclaration>, 'interceptors'> {
  readonly guards: readonly CanActivate[];
  /** The outermost first. */
  readonly interceptors: readonly PreparedInterceptor[];
  readonly bodyLimit: number;
}

/** One route, compiled. */
class PreparedRoute {
  readonly #method: string;
  readonly #template: string;
  readonly #validate: Validator<object>;

  constructor(
    private readonly route: CataloguedRoute,
    private readonly parts: RouteParts,
  ) {
    this.#method = route.method;
    this.#template = route.template;
    this.#validate = compileValidator(parts.body);
  }

  /** Whether it answers with objects that it has stored; else with text that it makes. */
  get writes(): boolean {
    return this.parts.interceptors.length > 0;
  }

  /** A JSON body of known and ordinary length. */
  takes({ method, headers }: IncomingMessage): boolean {
    const length = Number(headers['content-length'] ?? 0);
    return (
      method === this.#method &&
      length > 0 &&
      length <= this.parts.bodyLimit &&
      headers['transfer-encoding'] === undefined &&
      headers['content-encoding'] === undefined &&
      headers.expect === undefined &&
      isJson(headers['content-type']) &&
      this.parts.interceptors.every(({ usualWith }) => headers[usualWith ?? ''] === undefined)
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
      if ('violations' in checked || asksInVain(this.parts.body, body)) return null;
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
    this.#ask({ exchange, question, context, headers, way, presented: [], early: null }, 0);
  }

  /** Asks the guards from this one on, then the handler. */
  #ask(asked: Asked, from: number): void {
    const { context, way } = asked;
    try {
      const { guards } = this.parts;
      for (let at = from; at < guards.length; at += 1) {
        const admitted = guards[at]?.canActivate(context);
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
      const { question, context, exchange } = asked;
      const { handler, controller } = this.route;
      for (const interceptor of this.parts.interceptors) asked.presented.push(interceptor.prepare(context));
      if (this.writes) exchange.answerWithin = (result) => this.#record(asked, result);
      const values = this.parts.parameters.map((make) => (make === 'body' ? question : make(context)));
      const answer = handler.apply(controller.instance, values);
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

  #answered(asked: Asked, result: unknown): void {
    if (asked.early !== null) return asked.way.answer(asked.early.answer);
    if (!this.writes) return asked.way.answer(this.#replyOf(asked, result as string));
    try {
      const body = presentedBy(asked, result);
      if (body instanceof Promise)
        body.then(
          (later: unknown) => asked.way.answer(this.#replyOf(asked, JSON.stringify(later))),
          (error: unknown) => this.#failed(asked, error),
        );
      else asked.way.answer(this.#replyOf(asked, JSON.stringify(body)));
    } catch (error) {
      this.#failed(asked, error);
    }
  }

  #replyOf({ headers }: Asked, body: string): Replacement {
    return { status: this.parts.status, headers: { ...headers.values, ...this.parts.headers }, body };
  }

  /** Makes the answer before its transaction is over. One that can't be made yet is made behind it. */
  #record(asked: Asked, result: unknown): unknown {
    const { exchange, headers, way } = asked;
    if (asked.early !== null) throw new Error('invariant broken: a request has one answer');
    const before = { headers: { ...headers.values }, warnings: exchange.warnings };
    try {
      const body = presentedBy(asked, result);
      if (body instanceof Promise) throw new Error('an answer that has ended is made at once');
      asked.early = { before, answer: this.#replyOf(asked, JSON.stringify(body)) };
    } catch {
      return this.#forget(asked, before);
    }
    return way.record(asked.early.answer);
  }

  #forget({ exchange, headers }: Asked, before: BeforeAnswer): void {
    headers.values = before.headers;
    if (before.warnings === undefined) delete exchange.warnings;
    else exchange.warnings = before.warnings;
  }

  /** The handler was asked once: the usual way only tells what went wrong. */
  #failed(asked: Asked, error: unknown): void {
    const { exchange, headers, way, early } = asked;
    if (early !== null) {
      this.#forget(asked, early.before);
      exchange.unrecorded();
    }
    exchange.refusal = { error, headers: headers.values };
    way.usual();
  }
}

/** What the interceptors make of a handler's result. */
const presentedBy = ({ presented }: Asked, result: unknown): unknown =>
  presented.reduceRight((answer, present) => present(answer), result);

/** What an answer adds to, for one that is taken back. */
interface BeforeAnswer {
  readonly headers: Record<string, string>;
  readonly warnings: Exchange['warnings'];
}

/** A request on the short way. Methods hand it on: a function made for each request would be named anew each time. */
interface Asked {
  readonly exchange: Exchange;
  readonly question: object;
  readonly context: ExecutionContext;
  readonly headers: KeptHeaders;
  readonly way: ShortWay;
  /** What each interceptor makes of the answer. */
  readonly presented: ((answer: unknown) => unknown)[];
  /** The answer, where it was made within the transaction that it tells of. */
  early: { readonly before: BeforeAnswer; readonly answer: Replacement } | null;
}

/** Takes the headers that guards set, as Fastify's reply does. */
class KeptHeaders {
  values: Record<string, string> = {};

  header(name: string, value: string): void {
    this.values[name.toLowerCase()] = value;
  }

  /** As Nest's adapter names it. */
  setHeader(name: string, value: string): void {
    this.header(name, value);
  }
}

const isJson = (type: string | undefined): boolean =>
  type === undefined || type === 'application/json' || JSON_BODY.test(type);
