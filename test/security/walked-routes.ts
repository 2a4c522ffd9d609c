import type { AccessPolicy, Role } from '#libs/http';

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

/** One value that a route takes: a parameter in its path or query, or a member of its body. */
export interface DeclaredInput {
  readonly method: string;
  readonly template: string;
  readonly place: 'path' | 'query' | 'body';
  readonly name: string;
  readonly isMoment: boolean;
  readonly isInteger: boolean;
  readonly isBoolean: boolean;
  /** A body that the route takes; null for a route without one. */
  readonly body: Readonly<Record<string, unknown>> | null;
  /** A role that may call the route. */
  readonly role: Role;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Media {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Described {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
}

/** Every declared parameter and every first-level member of a body. */
export function inputsOf(document: {
  readonly paths: object;
  readonly components?: object;
}): DeclaredInput[] {
  const paths = document.paths as Record<string, Record<string, Described>>;
  const { schemas = {} } = document.components as { readonly schemas?: Readonly<Record<string, Schema>> };
  const resolved = (schema: Schema): Schema => schemas[schema.$ref?.split('/').at(-1) ?? ''] ?? schema;
  return routesOf(document).flatMap(({ method, template, policy }) => {
    const operation = paths[template]?.[method.toLowerCase()];
    const media = operation?.requestBody?.content['application/json'];
    const { properties = {} } = media === undefined ? {} : resolved(media.schema);
    const body = media === undefined ? null : bodyOf(media, properties);
    const route = { method, template, body, role: policy.roles?.[0] ?? 'client' };
    return [
      ...(operation?.parameters ?? []).map((one) => ({
        ...route,
        place: one.in,
        ...kindOf(one.name, one.schema),
      })),
      ...Object.entries(properties).map(([name, one]) => ({ ...route, place: 'body', ...kindOf(name, one) })),
    ].filter((input): input is DeclaredInput => ['path', 'query', 'body'].includes(input.place));
  });
}

const bodyOf = ({ examples }: Media, properties: Readonly<Record<string, Schema>>) =>
  (Object.values(examples ?? {})[0]?.value ??
    Object.fromEntries(
      Object.entries(properties).flatMap(([name, { example }]) =>
        example === undefined ? [] : [[name, example]],
      ),
    )) as Readonly<Record<string, unknown>>;

/** `baseline_datetime` is text for the description, since it may also have the forms of data files. */
const kindOf = (name: string, { type, format }: Schema) => ({
  name,
  isMoment: format === 'date-time' || format === 'date' || name === 'baseline_datetime',
  isInteger: [type].flat().includes('integer'),
  isBoolean: [type].flat().includes('boolean'),
});
