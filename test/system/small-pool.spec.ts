import { newUuid } from '#libs/kernel';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { apiDocument } from '../../src/app/swagger/api-document.js';
import { Accounts } from '../security/accounts.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';

/** Requests of one route that are sent together. */
const AT_ONCE = 16;

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly 'x-access-policy'?: { readonly roles?: readonly string[] };
}
interface MediaType {
  readonly schema: { readonly $ref?: string };
  readonly examples?: Readonly<Record<string, { readonly value: object }>>;
}

let app: TestApp;
let document: ReturnType<typeof apiDocument>;
let clientKey: string;
beforeAll(async () => {
  app = await startTestApp({
    database: 'postgres',
    // A request that asked for a second connection while it holds one would wait until it is refused.
    config: { database_pool_size: 1, database_max_overflow: 0, max_concurrent_predictions: 100 },
  });
  document = apiDocument(app.app);
  clientKey = (await new Accounts(app).make('client')).apiKey;
}, 60_000);
afterAll(() => app.close());

/** Every POST that takes an `Idempotency-Key`: its handler runs inside of a transaction. */
const routes = () =>
  Object.entries(document.paths as Record<string, { readonly post?: Operation }>).flatMap(
    ([path, { post }]) =>
      post?.parameters?.some(({ name }) => name === 'Idempotency-Key') === true ? [{ path, post }] : [],
  );

/** The first example of a body, or the examples of its fields. */
function exampleOf({ requestBody }: Operation): object {
  const media = requestBody?.content['application/json'];
  const [named] = Object.values(media?.examples ?? {});
  if (named !== undefined) return named.value;
  const schemas = (document.components?.schemas ?? {}) as Record<
    string,
    { readonly properties?: Record<string, { readonly example?: unknown }> }
  >;
  const { properties = {} } = schemas[media?.schema.$ref?.split('/').at(-1) ?? ''] ?? {};
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, { example }]) => example !== undefined)
      .map(([name, { example }]) => [name, example]),
  );
}

/** The same body for another name, where names may be used once only. */
const unlike = (body: object, index: number): object =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]) =>
      name === 'username'
        ? [name, `${value}${index}`]
        : name === 'email'
          ? [name, `n${index}.${value}`]
          : [name, value],
    ),
  );

it('one connection is enough for any number of idempotent requests at a time', async () => {
  const found = routes();
  expect(found.length).toBeGreaterThanOrEqual(9);
  const stalled: string[] = [];
  for (const { path, post } of found) {
    const { roles = [] } = post['x-access-policy'] ?? {};
    const apiKey = roles.length === 0 || roles.includes('client') ? clientKey : ADMIN_KEY;
    const body = exampleOf(post);
    // Objects that nobody has: the way to the 404 asks the database, too.
    const address = path.replaceAll(/\{\w+\}/g, newUuid());
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) =>
        app.post(address, unlike(body, index), {
          apiKey,
          headers: { 'Idempotency-Key': `${path} ${index}` },
        }),
      ),
    );
    const wrong = answers.filter(({ status }) => status === 422 || status >= 500);
    stalled.push(...wrong.map(({ status, text }) => `${path}: ${status} ${text}`));
  }
  expect(stalled).toEqual([]);
}, 60_000);
