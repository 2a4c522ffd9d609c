import { Injectable, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { fitsTemplate, RouteTable } from '#libs/http';

type Handler = (...args: unknown[]) => unknown;

/** Every route of every controller: for the route table, and for naming a handler's route in figures and logs. */
@Injectable()
export class RouteCatalogue {
  readonly #templates = new Map<unknown, string[]>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly table: RouteTable,
  ) {}

  /** Reads the controllers' declarations; once, after all modules are known. */
  fill(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, Handler>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        this.#addHandler(pathsOf(metatype), prototype[name]);
      }
    }
  }

  #addHandler(prefixes: readonly string[], handler: Handler | undefined): void {
    const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
    if (handler === undefined || method === undefined) return;
    for (const prefix of prefixes) {
      for (const path of pathsOf(handler)) {
        const template = templateFrom(`${prefix}/${path}`);
        this.table.add({ method: RequestMethod[method], template });
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
