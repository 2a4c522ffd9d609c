import type { AccessPolicy } from '#libs/http';

/** The parts of an OpenAPI document that are completed here, as far as they are looked at. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly format?: string;
  readonly allOf?: Schema[];
  readonly anyOf?: Schema[];
  readonly oneOf?: Schema[];
  readonly items?: Schema;
  readonly enum?: unknown[];
  readonly properties?: Record<string, Schema>;
  readonly default?: unknown;
  readonly example?: unknown;
}

export type Schemas = Record<string, Schema>;

export interface Media {
  schema: Schema;
  example?: unknown;
}

export interface Response {
  readonly $ref?: string;
  readonly description: string;
  headers?: Record<string, object>;
  readonly content?: Readonly<Record<string, Media>>;
}

export interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  example?: unknown;
  readonly schema?: { example?: unknown };
}

export interface DescribedOperation {
  operationId?: string;
  description?: string;
  readonly requestBody?: unknown;
  readonly parameters?: readonly Parameter[];
  readonly 'x-access-policy'?: AccessPolicy;
  security?: Readonly<Record<string, readonly string[]>>[];
  responses: Record<string, object>;
}
