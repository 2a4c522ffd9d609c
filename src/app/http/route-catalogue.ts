import { Injectable, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { fitsTemplate, RouteTable } from '#libs/http';

type Handler = (...args: unknown[]) => unknown;

/** A handler with what it belongs to. */
export interface CataloguedRoute {
  readonly method: string;
  readonly template: string;
  readonly handler: Handler;
  readonly controller: { readonly type: Type; readonly instance: object };
}

/** Every route of every controller: for the route table, and for naming a handler's route in figures and logs. */
@Injectable()
export class RouteCatalogue {
  readonly #templates = new Map<unknown, string[]>();
  readonly #routes: CataloguedRoute[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly table: RouteTable,
  ) {}

  /** Reads the controllers' declarations; once, after all modules are known. */
  fill(): void {
    for (const { metatype, instance } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const controller = { type: metatype as Type, instance: instance as object };
      const prototype = metatype.prototype as Record<string, Handler>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        this.#addHandler(controller, prototype[name]);
      }
    }
  }

  /** Every route, after {@link fill}. */
  get routes(): readonly CataloguedRoute[] {
    return this.#routes;
  }

  #addHandler(controller: CataloguedRoute['controller'], handler: Handler | undefined): void {
    const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
    if (handler === undefined || method === undefined) return;
    for (const prefix of pathsOf(controller.type)) {
      for (const path of pathsOf(handler)) {
        const template = templateFrom(`${prefix}/${path}`);
        this.table.add({ method: RequestMethod[method], template });
        this.#routes.push({ method: RequestMethod[method], template, handler, controller });
        this.#templates.set(handler, [...(this.#templates.get(handler) ?? []), template]);
      }
    }
  }

  /**
   * `/api/v1/predictions/{prediction_id}`; null for what is no route's handler.
   * @param path as it was routed; decides between the templates of a handler with several
   */
  templateOf(handler: unknown, path: string): string | null {
    const [first, ...others] = this.#templates.get(handler) ?? [];
    return others.find((template) => fitsTemplate(template, path)) ?? first ?? null;
  }
}

function pathsOf(target: object): readonly string[] {
  const path = Reflect.getMetadata(PATH_METADATA, target) as string | readonly string[] | undefined;
  return typeof path === 'string' ? [path] : (path ?? ['']);
}

/** `//a//b/:c/` → `/a/b/{c}`. */
const templateFrom = (path: string): string =>
  `/${path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => segment.replace(/^:(\w+)$/, '{$1}'))
    .join('/')}`;
