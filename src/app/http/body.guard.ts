import type { IncomingMessage } from 'node:http';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { BODY_LIMIT, requestContext, type BodyLimitName } from '#libs/http';
import type { Exchange } from './exchange.js';
import { receiveBody } from './request-body.js';
import { RouteCatalogue } from './route-catalogue.js';

/** What both HTTP libraries' requests have in common. */
interface AdapterRequest {
  /** Fastify keeps Node's request here; Express's is one itself. */
  readonly raw?: IncomingMessage;
  body?: unknown;
}

/**
 * The first guard of every route: names the route in the request's context and reads the body. Here, and not in the
 * HTTP libraries, so that both behave alike: after routing (an unknown path is 404 whatever its body), before
 * credentials, with the route's own limit.
 */
@Injectable()
export class BodyGuard implements CanActivate {
  readonly #limits: Readonly<Record<BodyLimitName, number>>;
  readonly #limitByHandler = new Map<object, number>();

  constructor(
    private readonly routes: RouteCatalogue,
    { body_limit_bytes, batch_body_limit_bytes }: AppConfig,
  ) {
    this.#limits = { default: body_limit_bytes, batch: batch_body_limit_bytes, ignored: 0 };
  }

  canActivate(execution: ExecutionContext): boolean | Promise<boolean> {
    const handler = execution.getHandler();
    const context = requestContext() as Exchange;
    context.route = this.routes.templateOf(handler);
    if (context.method === 'GET' || context.method === 'HEAD') return true;
    const limit = this.#limitOf(handler);
    if (limit === 0) return true;
    const request = execution.switchToHttp().getRequest<AdapterRequest>();
    return this.#receive(request, limit, context);
  }

  #limitOf(handler: object): number {
    const known = this.#limitByHandler.get(handler);
    if (known !== undefined) return known;
    const name = (Reflect.getMetadata(BODY_LIMIT, handler) as BodyLimitName | undefined) ?? 'default';
    this.#limitByHandler.set(handler, this.#limits[name]);
    return this.#limits[name];
  }

  async #receive(request: AdapterRequest, limit: number, context: Exchange): Promise<true> {
    const body = await receiveBody(request.raw ?? (request as IncomingMessage), limit);
    request.body = body;
    context.payload = body;
    return true;
  }
}
