import { applyDecorators, HttpCode, Module, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiResponse } from '@nestjs/swagger';
import { type ClassReference, type EndpointsPlugin, ROUTE_ACCESS, type RouteAccess } from '#libs/plugin-sdk';

/** An endpoints plugin of one controller, in a module of its own. */
export function endpointsOf(controller: ClassReference, providers: readonly unknown[] = []): EndpointsPlugin {
  @Module({})
  class EndpointsPluginModule {}
  return { module: { module: EndpointsPluginModule, controllers: [controller], providers } };
}

/** States who may call a route, for the guard and for the reader of the API description. */
export const OpenTo = (mode: RouteAccess['mode']): MethodDecorator =>
  applyDecorators(SetMetadata(ROUTE_ACCESS, { mode }), ApiExtension('x-access-policy', { mode, roles: [] }));

/** Documents the answer of a route with its schema and a working example. */
export const Answer = (
  description: string,
  schema: Readonly<Record<string, unknown>>,
  example: unknown,
  contentType = 'application/json',
): MethodDecorator =>
  applyDecorators(
    HttpCode(200),
    ApiResponse({ status: 200, description, content: { [contentType]: { schema, example } } }),
  );

/** An error of the product in its usual form. */
export const Refusal = (status: number, title: string, detail: string): MethodDecorator =>
  ApiResponse({
    status,
    description: detail,
    content: {
      'application/problem+json': {
        schema: { type: 'object' },
        example: { type: 'about:blank', title, status, detail },
      },
    },
  });

const text = { type: 'string' } as const;

/** One plugin in a list. */
export const PLUGIN_SCHEMA = {
  type: 'object',
  required: ['id', 'kind', 'version', 'description', 'state'],
  properties: {
    id: text,
    kind: { type: 'string', enum: ['core', 'feeder', 'pipeline', 'predictor', 'endpoints'] },
    version: text,
    description: text,
    state: { type: 'string', enum: ['active', 'available', 'failed'] },
    parameters: {
      type: 'object',
      additionalProperties: true,
      description: 'Parameters in effect, without secrets; shown at /info with `endpoints_debug`.',
    },
  },
} as const;

export const PLUGIN_EXAMPLE = {
  id: 'default_feeder',
  kind: 'feeder',
  version: '1.0.0',
  description: 'Bars from CSV files or from Yahoo Finance, with indicators and other columns on demand.',
  state: 'active',
} as const;
