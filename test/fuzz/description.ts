import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AccessPolicy } from '#libs/http';

/** A JSON schema, as far as values are made from it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Response {
  /** Of a response that many routes share. */
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Media>>;
}

export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Response>>;
  readonly 'x-access-policy'?: AccessPolicy;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

/** One operation of the description. */
export interface Route {
  readonly method: string;
  readonly template: string;
  readonly policy: AccessPolicy | undefined;
  readonly parameters: readonly Parameter[];
  /** JSON bodies; null for a route without one. */
  readonly body: { readonly schema: Schema; readonly examples: readonly unknown[] } | null;
  /** Bodies of other content types, as the description shows them. */
  readonly otherBodies: readonly { readonly contentType: string; readonly text: string }[];
}

/** The committed description. */
export const readDocument = (): Document =>
  JSON.parse(readFileSync(resolve('openapi.json'), 'utf8')) as Document;

export const routesIn = (document: Document): readonly Route[] =>
  Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) =>
      routeOf(method.toUpperCase(), template, operation),
    ),
  );

function routeOf(method: string, template: string, operation: Operation): Route {
  const { 'application/json': json, ...others } = operation.requestBody?.content ?? {};
  return {
    method,
    template,
    policy: operation['x-access-policy'],
    parameters: operation.parameters ?? [],
    body: json === undefined ? null : { schema: json.schema, examples: examplesOf(json) },
    otherBodies: Object.entries(others).map(([contentType, media]) => ({
      contentType,
      text: String(media.example ?? ''),
    })),
  };
}

const examplesOf = ({ example, examples = {} }: Media): unknown[] => [
  ...(example === undefined ? [] : [example]),
  ...Object.values(examples).map(({ value }) => value),
];

/** The schema behind references and single-member `allOf`s. */
export function resolved(document: Document, schema: Schema): Schema {
  const { $ref, allOf, ...rest } = schema;
  if ($ref !== undefined) {
    const found = document.components.schemas[$ref.split('/').at(-1) ?? ''];
    if (found === undefined) throw new Error(`${$ref} is not in the description`);
    return resolved(document, { ...found, ...rest });
  }
  const [only] = allOf ?? [];
  return only === undefined ? schema : { ...resolved(document, only), ...rest };
}
