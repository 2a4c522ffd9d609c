import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import { GatedResponse } from './gated-response.js';
import type { Listener } from './http-front.js';
import type { HttpLibrary, ServerMaker } from './http-library.js';

/**
 * Express puts a prototype of its own over every response, which would cut it off from its gate and so from the audit
 * row: the same methods, but on top of a gated response.
 */
function keepGates(instance: express.Express): void {
  const methods = Object.getOwnPropertyDescriptors(express.response);
  Object.setPrototypeOf(instance.response, Object.create(GatedResponse.prototype, methods));
}

/** Express behind the front, with servers from `serverFor`. */
export function expressLibrary(serverFor: ServerMaker): HttpLibrary {
  const instance = express();
  instance.disable('x-powered-by').disable('etag').enable('case sensitive routing');
  keepGates(instance);
  // Without entity tags nothing is fresh, but Express would answer `If-None-Match: *` with 304.
  Object.defineProperty(instance.request, 'fresh', { value: false });
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
