import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';

type Schema = Readonly<Record<string, unknown>>;
interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Readonly<Record<string, Response>>;
}
interface Response {
  /** Of a response that many routes share. */
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, MediaType>>;
}
interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

const sample = (name: string) => resolve('examples/data', name);
/** What the quickstart configuration serves. */
const QUICKSTART = {
  core_plugin: 'sync_core',
  predictor_plugin: 'direction_ideal_oracle',
  csv_file: sample('synthetic_fx_1h_2023.csv'),
  data_source: 'file',
  data_files: { SP500: sample('sp500_daily_2000-2020.csv'), SYNTHFX: sample('synthetic_fx_1h_2023.csv') },
};

let app: TestApp;
let document: Document;

beforeAll(async () => {
  app = await startTestApp({ config: QUICKSTART });
  document = (await app.get('/openapi.json')).body as Document;
});
afterAll(() => app.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

/** What Swagger UI would fill in: the named examples, or the example of each property. */
function bodiesOf({ schema, example, examples }: MediaType): unknown[] {
  if (examples !== undefined) return Object.values(examples).map(({ value }) => value);
  if (example !== undefined) return [example];
  const name = String(schema['$ref']).split('/').at(-1) ?? '';
  const properties = (document.components.schemas[name]?.['properties'] ?? {}) as Record<string, Schema>;
  return [
    Object.fromEntries(
      Object.entries(properties)
        .filter(([, property]) => property['example'] !== undefined)
        .map(([key, property]) => [key, property['example']]),
    ),
  ];
}

it('every body in the API description is one that its route takes', async () => {
  const refused: string[] = [];
  const lost: string[] = [];
  let tried = 0;
  for (const { path, method, operation } of operations()) {
    const media = operation.requestBody?.content['application/json'];
    if (media === undefined) continue;
    for (const body of bodiesOf(media)) {
      tried += 1;
      // Names of people are of no account here: 404 for them is right, a refused body is not.
      const answer = await app.request(method, path.replaceAll(/\{[^}]+\}/g, '999'), {
        body,
        apiKey: ADMIN_KEY,
      });
      const faulty = answer.status === 422 || answer.status >= 500;
      if (faulty) refused.push(`${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${answer.text}`);
      if (answer.status !== 201) continue;
      const location = answer.headers.get('location') ?? '/nowhere';
      const found = await app.get(location, { apiKey: ADMIN_KEY });
      if (found.status !== 200) lost.push(`${method} ${path}: ${location} is ${found.status}`);
    }
  }
  expect(tried).toBeGreaterThan(15);
  expect(refused).toEqual([]);
  expect(lost).toEqual([]);
});

it('no parameter that may be left out has an example, because Swagger UI would send it', () => {
  const filled = operations().flatMap(({ path, method, operation: { parameters = [] } }) =>
    parameters
      .filter((one) => one.required !== true && ('example' in one || 'example' in one.schema))
      .map(({ name }) => `${method} ${path} ${name}`),
  );
  expect(filled).toEqual([]);
});

it('examples of errors that a route says itself happen at its own path', () => {
  const elsewhere = operations().flatMap(({ path, method, operation }) =>
    Object.entries(operation.responses).flatMap(([status, { content = {} }]) => {
      const { instance } = (content['application/problem+json']?.example ?? {}) as { instance?: string };
      const own = new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
      return instance === undefined || own.test(instance) ? [] : [`${method} ${path} ${status}: ${instance}`];
    }),
  );
  expect(elsewhere).toEqual([]);
});

it('every route describes its success and every error it lists with an example', () => {
  const faults: string[] = [];
  for (const { path, method, operation } of operations()) {
    const answers = Object.entries(operation.responses);
    // The audit log's own routes only ever refuse.
    if (!answers.some(([status]) => status.startsWith('2') || status === '405'))
      faults.push(`${method} ${path}: no success`);
    for (const [status, { $ref, content: own }] of answers) {
      if (Number(status) < 400) continue;
      const content = own ?? document.components.responses[$ref?.split('/').at(-1) ?? '']?.content ?? {};
      const problem = content['application/problem+json'];
      if (problem?.example === undefined) faults.push(`${method} ${path}: ${status} without an example`);
    }
  }
  expect(faults).toEqual([]);
});

it('every field of every body and answer says what it is', () => {
  const silent = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
    Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)
      .filter(([, property]) =>
        ['description', 'example', 'enum', '$ref', 'allOf', 'items'].every((key) => !(key in property)),
      )
      .map(([property]) => `${name}.${property}`),
  );
  expect(silent).toEqual([]);
});

it('every field of a body that has no named example has one itself, so that Swagger UI fills in what works', () => {
  const silent = operations().flatMap(({ path, method, operation }) => {
    const media = operation.requestBody?.content['application/json'];
    if (media === undefined || media.examples !== undefined || media.example !== undefined) return [];
    const name = String(media.schema['$ref']).split('/').at(-1) ?? '';
    return Object.entries((document.components.schemas[name]?.['properties'] ?? {}) as Record<string, Schema>)
      .filter(([, property]) => !('example' in property) && !('default' in property))
      .map(([field]) => `${method} ${path} ${field}`);
  });
  expect(silent).toEqual([]);
});

it('every route names each credential that opens it once', () => {
  const repeated = operations().filter(({ operation: { security = [] } }) => {
    const names = security.flatMap((one) => Object.keys(one));
    return new Set(names).size < names.length;
  });
  expect(repeated.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});
