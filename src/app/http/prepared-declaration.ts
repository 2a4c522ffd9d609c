import type { ExecutionContext, Type } from '@nestjs/common';
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
import type { DtoClass, PreparedInterceptor } from '#libs/http';
import type { CataloguedRoute } from './route-catalogue.js';

/** A parameter of a handler: its body, or what is made of the request. */
type Parameter = 'body' | ((context: ExecutionContext) => unknown);

/** What the declaration of a prepared route says, read once. */
interface PreparedDeclaration {
  readonly status: number;
  /** Declared headers, and the content type; names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: DtoClass;
  readonly parameters: readonly Parameter[];
  /** The outermost first. Without any the handler returns the text of its answer. */
  readonly interceptors: readonly Type<PreparedInterceptor>[];
}

/** A parameter as Nest notes it, under a key that says what kind it is. */
interface NotedParameter {
  readonly index: number;
  readonly data?: unknown;
  readonly factory?: (data: unknown, context: ExecutionContext) => unknown;
  readonly pipes: readonly unknown[];
}

/** A header as Nest notes it. */
interface NotedHeader {
  readonly name: string;
  readonly value: string;
}

/** What the short way does not do. */
const UNKNOWN_THERE = [GUARDS_METADATA, PIPES_METADATA];
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/** @throws Error for a route whose declaration asks for what the short way lacks */
export function preparedDeclaration(route: CataloguedRoute): PreparedDeclaration {
  const { handler, controller, template } = route;
  const noted = (Reflect.getMetadata(HEADERS_METADATA, handler) ?? []) as readonly NotedHeader[];
  const declared = Object.fromEntries(noted.map(({ name, value }) => [name.toLowerCase(), value]));
  const interceptors = interceptorsOf(route);
  const headers =
    interceptors === null || interceptors.length === 0 ? declared : { ...declared, ...JSON_TYPE };
  const status = Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined;
  const parameters = parametersOf(route);
  const types = Reflect.getMetadata(PARAMTYPES_METADATA, controller.instance, handler.name) as DtoClass[];
  const body = types[parameters.indexOf('body')];
  const isPlain =
    parameters.length === types.length &&
    headers['content-type'] !== undefined &&
    UNKNOWN_THERE.every(
      (key) => !Reflect.hasMetadata(key, handler) && !Reflect.hasMetadata(key, controller.type),
    );
  if (isPlain && body !== undefined && status !== undefined && interceptors !== null)
    return { status, headers, body, parameters, interceptors };
  throw new Error(
    `${template} cannot be prepared: it takes one @Body() and what is made of the request, states its status and, where it answers text, its content type, and has no guard, pipe or stream of its own`,
  );
}

/** Null when one of them works on streams only. */
function interceptorsOf({
  handler,
  controller,
}: CataloguedRoute): PreparedDeclaration['interceptors'] | null {
  const own = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ??
    []) as readonly Type<PreparedInterceptor>[];
  const areKnown = own.every((type) => typeof type === 'function' && 'prepare' in (type.prototype as object));
  return areKnown && !Reflect.hasMetadata(INTERCEPTORS_METADATA, controller.type) ? own : null;
}

/** In their order; those that the short way cannot make are left out. */
function parametersOf({ handler, controller }: CataloguedRoute): readonly Parameter[] {
  const noted = Object.entries(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller.type, handler.name) ?? {}) as Readonly<
      Record<string, NotedParameter>
    >,
  );
  return noted
    .sort(([, one], [, other]) => one.index - other.index)
    .flatMap(([key, { data, factory, pipes }]): Parameter[] => {
      if (pipes.length > 0) return [];
      if (factory !== undefined) return [(context) => factory(data, context)];
      return data === undefined && key.startsWith(`${RouteParamtypes.BODY}:`) ? ['body'] : [];
    });
}
