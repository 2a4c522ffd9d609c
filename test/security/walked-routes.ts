import type { AccessPolicy } from '#libs/http';

/** A route as the API description tells of it. */
export interface WalkedRoute {
  readonly method: string;
  /** `/api/v1/predictions/{prediction_id}` */
  readonly template: string;
  /** Names of the parameters in the path. */
  readonly parameters: readonly string[];
  readonly hasBody: boolean;
  /** `Controller_method`; a handler with several paths has several of them. */
  readonly operation: string;
  readonly policy: AccessPolicy;
}

interface Operation {
  readonly operationId?: string;
  readonly requestBody?: unknown;
  readonly 'x-access-policy'?: AccessPolicy;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

/** Every operation of the description. @throws Error for one without a policy */
export function routesOf(document: { readonly paths: object }): WalkedRoute[] {
  const items = Object.entries(document.paths as Record<string, Record<string, Operation>>);
  return items.flatMap(([template, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      const policy = operation['x-access-policy'];
      if (policy === undefined) throw new Error(`${method} ${template} declares no access policy`);
      return [
        {
          method: method.toUpperCase(),
          template,
          parameters: [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
          hasBody: operation.requestBody !== undefined,
          operation: (operation.operationId ?? '').replace(/\[\d+\]$/, ''),
          policy,
        },
      ];
    }),
  );
}

/** The path with every parameter replaced. */
export const pathWith = (template: string, value: string | number): string =>
  template.replaceAll(/\{\w+\}/g, String(value));
