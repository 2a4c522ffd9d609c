import { createHmac } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HttpAnswer } from '#libs/testing';
import { apiDocument } from '../../src/app/swagger/api-document.js';
import { type AdapterName, startTestApp, type TestApp } from '../harness/app.js';
import type { DatabaseKind } from '../harness/databases.js';
import { Accounts } from './accounts.js';
import { type DeclaredInput, inputsOf, pathWith } from './walked-routes.js';

/** Parameters of paths that are one of a few words. */
const NAMED = { model: 'random_walk_predictor', picture: 'skill.svg', format: 'svg' };
const SECRET = 'a-secret-that-the-forger-has-got-hold-of';
const CONFIG = {
  core_plugin: 'sync_core',
  predictor_plugin: 'direction_ideal_oracle',
  csv_file: resolve('examples/data/synthetic_fx_1h_2023.csv'),
  secret_key: SECRET,
  skip_background_tasks: true,
};

const NO_MOMENTS = [
  '9999-12-31T23:59:59-23:59',
  '9999-12-31T23:59:59.999-00:01',
  '0001-01-01T00:00:00+00:01',
  '0000-06-01T00:00:00Z',
  '+010000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '-0001-01-01',
  '2024-01-01T25:00:00Z',
  '2024-02-30T00:00:00Z',
  '2024-01-01T00:00:00+99:00',
  '2024-01-01T00:00:60Z',
  '2024-13-01',
  '1704067200',
];
/** The first and the last moment that there are. */
const EXTREMES = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'];

/** Integers that no row can have for its id, of 32, 53, 63 and 64 bits and beyond. */
const NOBODYS = ['0', '-1', '2147483648', '9007199254740992', '9223372036854775808', '18446744073709551616'];
const NO_INTEGERS = ['1e3', '0x10', '1.5', 'NaN', '1_000', '٣', '1;2', '%00', '1%27--'];
const TEXT_IDS = [
  ...NOBODYS,
  ...NO_INTEGERS,
  '%F0%9F%92%A9',
  `${'a'.repeat(300)}`,
  '00000000-0000-0000-0000-00000000000g',
];

/** What a token may hold, signed by somebody who has the secret, that is no JSON object. */
const NO_CLAIMS = ['null', '[]', '[{"sub":"admin"}]', '"admin"', '7', 'true', 'no json', ''];
/** Claims with one thing wrong; of two members of the same name the last one counts. */
const BAD_CLAIMS = [
  ...['1', 'null', '["admin"]', '{"sub":"admin"}', '"\\u0000"'].map((value) => `"sub":${value}`),
  ...['"never"', 'null', '1e999', '[9]', '{}', '-1', '1'].map((value) => `"exp":${value}`),
  ...['"\\u0000"', '"\\ud800"', '""', '{"$ne":1}', '"x"'].map((value) => `"jti":${value}`),
  '"nbf":"x"',
  '"nbf":1e99',
  '"iat":"x"',
  '"ver":"0"',
  '"ver":1e300',
  `"deep":${'['.repeat(5_000)}${']'.repeat(5_000)}`,
];
const claims = (change: string) =>
  `{"sub":"admin","jti":"00000000-0000-4000-8000-000000000000","iat":1,"exp":99999999999,"ver":0,${change}}`;

const PLATFORMS: readonly (readonly [DatabaseKind, AdapterName])[] = [
  ['sqlite', 'fastify'],
  ['postgres', 'express'],
];

describe.each(PLATFORMS)('every declared input [%s, %s]', (database, adapter) => {
  let app: TestApp;
  let inputs: readonly DeclaredInput[];
  const keys = new Map<string, string>();
  beforeAll(async () => {
    app = await startTestApp({ database, adapter, config: CONFIG });
    inputs = inputsOf(apiDocument(app.app));
    const accounts = new Accounts(app);
    for (const role of new Set(inputs.map(({ role: one }) => one))) {
      keys.set(role, (await accounts.make(role)).apiKey);
    }
  });
  afterAll(() => app.close());

  /** Sends a request that is right but for this value. */
  const send = ({ method, template, place, name, body, role }: DeclaredInput, value: unknown) => {
    const others = Object.entries(NAMED).filter(([param]) => param !== name);
    const known = others.reduce((path, [param, one]) => path.replace(`{${param}}`, one), template);
    const path = pathWith(known, place === 'path' ? String(value) : '999999');
    const query = place === 'query' ? `?${new URLSearchParams({ [name]: String(value) }).toString()}` : '';
    const sent = place === 'body' ? { ...body, [name]: value } : body;
    return app.request(method, `${path}${query}`, {
      apiKey: keys.get(role) ?? '',
      ...(sent !== null && { body: sent }),
    });
  };

  /** What is wrong with the answers to these values, one line each. */
  const complaints = async (
    where: (input: DeclaredInput) => boolean,
    values: readonly unknown[],
    isRight: (answer: HttpAnswer, input: DeclaredInput) => boolean,
  ) => {
    const some = inputs.filter(where);
    const wrong: string[] = [];
    for (const input of some) {
      const answers = await Promise.all(values.map((value) => send(input, value)));
      for (const [index, answer] of answers.entries()) {
        const { method, template, name } = input;
        if (!isRight(answer, input))
          wrong.push(
            `${method} ${template} ${name}=${String(values[index])}: ${answer.status} ${answer.text}`,
          );
      }
    }
    return { tried: some.length, wrong };
  };
  const refusesField = ({ status, body }: HttpAnswer, { place, name }: DeclaredInput) =>
    status === 422 && body.detail[0].loc.join('.') === `${place}.${name}`;

  it('refuses moments that there are not, or outside of the years 0001 to 9999 in UTC', async () => {
    const { tried, wrong } = await complaints(({ isMoment }) => isMoment, NO_MOMENTS, refusesField);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(20);
  });

  it('takes the first and the last moment of these years', async () => {
    const { wrong } = await complaints(
      ({ isMoment, place }) => isMoment && place === 'query',
      EXTREMES,
      ({ status, body }) => status === 200 || body.type.endsWith('nothing-to-draw'),
    );
    expect(wrong).toEqual([]);
  });

  it('says of whatever is true or false what is allowed', async () => {
    const { tried, wrong } = await complaints(
      ({ isBoolean }) => isBoolean,
      ['maybe', '2', ''],
      (answer, input) =>
        refusesField(answer, input) && String(answer.body.detail[0].msg).includes('true or false'),
    );
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(15);
    const { tried: bodies, wrong: others } = await complaints(
      ({ isBoolean, place }) => isBoolean && place === 'body',
      [2, [], {}],
      (answer, input) =>
        refusesField(answer, input) && String(answer.body.detail[0].msg).includes('true or false'),
    );
    expect(others).toEqual([]);
    expect(bodies).toBeGreaterThan(8);
  });

  it('answers a row of a batch that names no moment in its place', async () => {
    const texts = [
      '31.12.9999 25:00:00.0',
      '30.02.2023 10:00:00.0',
      '01.01.0000 00:00:00.0',
      '14.03.2023 10:00:00.0',
    ];
    const rows = texts.map((datetime) => JSON.stringify({ datetime }));
    const response = await app.fetch('POST', '/api/v1/predict/entry/batch', {
      body: rows.join('\n'),
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
    const answered = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(answered.map((row) => 'error' in row)).toEqual([true, true, true, false]);
  });

  it('finds nothing under an integer that no row has for its id', async () => {
    const { tried, wrong } = await complaints(
      ({ place, isInteger }) => place === 'path' && isInteger,
      [...NOBODYS, '%20999999'],
      ({ status }) => status === 404,
    );
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(8);
  });

  it('refuses what is no integer where an id is one', async () => {
    const { wrong } = await complaints(
      ({ place, isInteger }) => place === 'path' && isInteger,
      NO_INTEGERS,
      refusesField,
    );
    expect(wrong).toEqual([]);
  });

  it('refuses an id in a query or a body that no row can have', async () => {
    const { tried, wrong } = await complaints(
      ({ place, name, isInteger }) => place !== 'path' && isInteger && name.endsWith('_id'),
      [...NOBODYS, ...NO_INTEGERS],
      refusesField,
    );
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(3);
  });

  it('says 4xx to any text in the place of an id that is text', async () => {
    const { tried, wrong } = await complaints(
      ({ place, isInteger }) => place === 'path' && !isInteger,
      TEXT_IDS,
      ({ status }) => [400, 404, 405, 410, 422].includes(status),
    );
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(10);
  });

  const base64 = (text: string) => Buffer.from(text).toString('base64url');
  const signed = (payload: string, header: string) => {
    const text = `${base64(header)}.${base64(payload)}`;
    return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
  };

  it('refuses a token with the right signature over anything but claims of ours', async () => {
    const wrong: string[] = [];
    for (const payload of [...NO_CLAIMS, ...BAD_CLAIMS.map(claims)]) {
      for (const header of ['{"alg":"HS256","typ":"JWT"}', '{"alg":"HS256"}']) {
        const answer = await app.get('/api/v1/users/profile', { bearer: signed(payload, header) });
        const challenge = answer.headers.get('www-authenticate');
        const isRight = answer.status === 401 && challenge?.includes('error="invalid_token"') === true;
        if (!isRight) wrong.push(`${header}.${payload.slice(0, 200)}: ${answer.status} ${challenge}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
