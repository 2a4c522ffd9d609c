import type { Server } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Listener } from './http-front.js';

/** An HTTP library for Nest, and the servers that feed it. */
export interface HttpLibrary {
  readonly adapter: AbstractHttpAdapter;
  /** A further server with the same routes, for a second address. */
  anotherServer(): Server;
  /** Resolves when the routes are in place, after `app.init()`. */
  ready(): Promise<void>;
}

/** Makes a server that hands its requests to `listener`. */
export type ServerMaker = (listener: Listener) => Server;
