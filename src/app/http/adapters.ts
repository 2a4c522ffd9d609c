import type { IncomingMessage, Server } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import type { FastifyServerFactory } from 'fastify';
import type { AppConfig } from '#libs/config';
import { GatedResponse } from './gated-response.js';
import type { HttpFront } from './http-front.js';
import { createHttpServer } from './http-servers.js';

type Settings = Pick<AppConfig, 'http_adapter' | 'headers_timeout' | 'request_timeout' | 'trusted_proxies'>;
type Listener = (request: IncomingMessage, response: GatedResponse) => void;

/** An HTTP library for Nest, and the servers that feed it. */
export interface HttpLibrary {
  readonly adapter: AbstractHttpAdapter;
  /** A further server with the same routes, for a second address. */
  anotherServer(): Server;
  /** Resolves when the routes are in place, after `app.init()`. */
  ready(): Promise<void>;
}

/** Long path parameters are a validator's matter, not the router's. */
const MAX_PARAMETER_LENGTH = 4096;

/** The configured HTTP library behind the front. Neither parses bodies or logs: that is done once, by us. */
export function httpLibrary(settings: Settings, front: HttpFront): HttpLibrary {
  const limits = { headersTimeout: settings.headers_timeout, requestTimeout: settings.request_timeout };
  const serverFor = (listener: Listener): Server => createHttpServer(front.before(listener), limits);
  return settings.http_adapter === 'express'
    ? expressLibrary(serverFor, settings)
    : fastifyLibrary(serverFor, settings);
}

type ServerMaker = (listener: Listener) => Server;

function fastifyLibrary(serverFor: ServerMaker, settings: Settings): HttpLibrary {
  let routed: Listener | null = null;
  const serverFactory: FastifyServerFactory<Server> = (handler) => {
    routed = handler as Listener;
    return serverFor(routed);
  };
  const adapter = new FastifyAdapter({
    logger: false,
    // No domain has Nest middleware; the plugin for it would run for every request.
    skipMiddie: true,
    trustProxy: settings.trusted_proxies.length > 0 ? [...settings.trusted_proxies] : false,
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

/**
 * Express puts a prototype of its own over every response, which would cut it off from its gate and so from the audit
 * row: the same methods, but on top of a gated response.
 */
function keepGates(instance: express.Express): void {
  const methods = Object.getOwnPropertyDescriptors(express.response);
  Object.setPrototypeOf(instance.response, Object.create(GatedResponse.prototype, methods));
}

function expressLibrary(serverFor: ServerMaker, settings: Settings): HttpLibrary {
  const instance = express();
  instance.disable('x-powered-by').disable('etag').enable('case sensitive routing');
  if (settings.trusted_proxies.length > 0) instance.set('trust proxy', [...settings.trusted_proxies]);
  keepGates(instance);
  const listener = instance as unknown as Listener;
  class LimitedExpressAdapter extends ExpressAdapter {
    override initHttpServer(): void {
      this.setHttpServer(serverFor(listener));
    }
  }
  return {
    adapter: new LimitedExpressAdapter(instance),
    anotherServer: () => serverFor(listener),
    ready: () => Promise.resolve(),
  };
}
