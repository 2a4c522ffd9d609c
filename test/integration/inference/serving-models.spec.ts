import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HttpAnswer, RequestOptions } from '#libs/testing';
import { Accounts } from '../../security/accounts.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { offlineSettings } from '../../harness/original.js';
import { denseAnswer, modelFolder } from '../../unit/predictors/trained-models.js';
import { binaryMessage, expectMessage, floatsOf, forecast, partsOf } from './protocol.js';
import { binaryInput, input, METADATA, PLAIN, WINDOW, WRONG } from './questions.js';

const folder = modelFolder();
let server: TestApp;
let evaluatorKey: string;
const MODELS = () => ({
  model_path: folder.model('dropping', { ...PLAIN, dropout: 0.25 }, METADATA),
  model_files: { plain: folder.model('plain', PLAIN, METADATA) },
});
beforeAll(async () => {
  server = await startTestApp({
    database: 'postgres',
    config: {
      ...offlineSettings(),
      ...MODELS(),
      mc_seed: 17,
      inference_rows: 8,
      inference_passes: 100,
      body_limit_bytes: 2_000,
      batch_body_limit_bytes: 20_000,
    },
  });
  evaluatorKey = (await new Accounts(server).make('evaluator')).apiKey;
});
afterAll(async () => {
  await server?.close();
  folder.remove();
});

const infer = (body: unknown, { model = 'plain', ...options }: RequestOptions & { model?: string } = {}) =>
  server.post(`/v2/models/${model}/infer`, body, { apiKey: evaluatorKey, ...options });
const numbers = ({ body }: HttpAnswer, at = 0) => body.outputs[at].data as number[];
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5) as unknown);

/** A binary answer in its two parts. */
async function inferBytes(json: object, bytes: Buffer, model = 'plain') {
  const { body, headers } = binaryMessage(json, bytes);
  const answer = await server.fetch('POST', `/v2/models/${model}/infer`, {
    apiKey: evaluatorKey,
    body,
    headers,
  });
  return partsOf(answer);
}

describe('the models of the service over the Open Inference Protocol', () => {
  it('tell of the server and of themselves', async () => {
    const about = await server.get('/v2');
    expectMessage('server', about.body);
    expect(about.body).toMatchObject({ name: 'prediction-provider', extensions: ['binary_tensor_data'] });
    expect((await server.get('/v2/health/live')).body).toEqual({ live: true });
    expect((await server.get('/v2/health/ready')).body).toEqual({ live: true });
    const model = await server.get('/v2/models/default_predictor', { apiKey: ADMIN_KEY });
    expectMessage('model', model.body);
    expect(model.body).toEqual({
      name: 'default_predictor',
      versions: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      platform: 'tfjs',
      inputs: [{ name: 'window', datatype: 'FP32', shape: [-1, 4, 2] }],
      outputs: [
        { name: 'answer', datatype: 'FP32', shape: [-1, 3] },
        { name: 'answer_samples', datatype: 'FP32', shape: [-1, -1, 3] },
      ],
    });
    const [version] = model.body.versions as string[];
    const path = `/v2/models/default_predictor/versions/${version}`;
    expect((await server.get(path, { apiKey: ADMIN_KEY })).body).toEqual(model.body);
    expect((await server.get(`${path}/ready`, { apiKey: ADMIN_KEY })).body).toEqual({
      name: 'default_predictor',
      ready: true,
    });
    const other = await server.get('/v2/models/plain/versions/1', { apiKey: ADMIN_KEY });
    expect(other.status).toBe(404);
    expectMessage('error', other.body);
  });

  it('compute by the numbers of plain loops, one row and many', async () => {
    const one = await infer({ id: 'a', inputs: [input()] });
    expect(one.status).toBe(200);
    expectMessage('response', one.body);
    expect(one.body).toMatchObject({
      model_name: 'plain',
      id: 'a',
      outputs: [{ name: 'answer', datatype: 'FP32', shape: [1, 3] }],
    });
    expect(numbers(one)).toEqual(close(denseAnswer(PLAIN, WINDOW)));
    const twice = [WINDOW, WINDOW.map((value) => 2 * value)];
    const nested = twice.map((row) => [row.slice(0, 2), row.slice(2, 4), row.slice(4, 6), row.slice(6)]);
    const many = await infer({ inputs: [input(nested, { shape: [2, 4, 2] })] });
    expect(numbers(many)).toEqual(close(twice.flatMap((row) => denseAnswer(PLAIN, row))));
    expect(numbers(many).slice(0, 3)).toEqual(numbers(one));
  });

  it('answer the same bits as JSON and as binary data', async () => {
    const { body: json } = await infer({ inputs: [input()] });
    const head = { inputs: [binaryInput()] };
    const asked = { ...head, parameters: { binary_data_output: true } };
    const binary = await inferBytes(asked, floatsOf(WINDOW));
    expect(binary).toMatchObject({ status: 200, type: 'application/octet-stream' });
    expectMessage('request', asked);
    expectMessage('response', binary.head);
    expect(binary.head.outputs).toEqual([
      { name: 'answer', datatype: 'FP32', shape: [1, 3], parameters: { binary_data_size: 12 } },
    ]);
    expect(binary.bytes).toEqual(floatsOf(json.outputs[0].data as number[]));
    // bytes in, JSON out, and JSON in, bytes out
    const mixed = await inferBytes({ ...head, outputs: [{ name: 'answer' }] }, floatsOf(WINDOW));
    expect(mixed.head.outputs).toEqual(json.outputs);
    const out = { inputs: [input()], outputs: [{ name: 'answer', parameters: { binary_data: true } }] };
    expect((await inferBytes(out, Buffer.alloc(0))).bytes).toEqual(binary.bytes);
  });

  it('give the passes behind a forecast, and repeat them from their seed', async () => {
    const ask = (parameters: object, outputs?: object[]) =>
      infer({ inputs: [input()], parameters, ...(outputs && { outputs }) }, { model: 'default_predictor' });
    const first = await ask({ samples: 5, seed: 7 });
    expect(first.body).toMatchObject({
      parameters: { samples: 5, seed: 7 },
      outputs: [
        { name: 'answer', shape: [1, 3] },
        { name: 'answer_samples', shape: [1, 5, 3] },
      ],
    });
    const passes = numbers(first, 1);
    const mean = [0, 1, 2].map(
      (at) => passes.filter((_, index) => index % 3 === at).reduce((a, b) => a + b) / 5,
    );
    expect(numbers(first)).toEqual(close(mean));
    expect(new Set(passes).size).toBeGreaterThan(3);
    expect((await ask({ samples: 5, seed: 7 })).body.outputs).toEqual(first.body.outputs);
    expect((await ask({ samples: 5, seed: 8 })).body.outputs).not.toEqual(first.body.outputs);
    const drawn = await ask({ samples: 2 }, [{ name: 'answer_samples' }]);
    expect(drawn.body.outputs).toHaveLength(1);
    const { seed } = drawn.body.parameters as { seed: number };
    expect((await ask({ samples: 2, seed }, [{ name: 'answer_samples' }])).body.outputs).toEqual(
      drawn.body.outputs,
    );
    const certain = await ask({});
    expect(certain.body.outputs).toEqual([expect.objectContaining({ name: 'answer' })]);
    expect(numbers(certain)).toEqual(close(denseAnswer(PLAIN, WINDOW)));
  });

  it('are for those who compute, and leave a row', async () => {
    const accounts = new Accounts(server);
    for (const role of ['client', 'provider', 'guest'] as const) {
      const { apiKey } = await accounts.make(role);
      for (const path of ['/v2/models/plain', '/v2/models/plain/ready'])
        expect([role, (await server.get(path, { apiKey })).status]).toEqual([role, 403]);
      expect((await infer({ inputs: [input()] }, { apiKey })).status).toBe(403);
    }
    expect((await server.post('/v2/models/plain/infer', { inputs: [input()] })).status).toBe(401);
    const { status } = await inferBytes({ inputs: [binaryInput()] }, floatsOf(WINDOW));
    expect(status).toBe(200);
    const logs = await server.get('/api/v1/admin/logs?endpoint=/v2/models/plain/infer&limit=1', {
      apiKey: ADMIN_KEY,
    });
    const [row] = (logs.body.logs ?? logs.body) as {
      request_payload: unknown;
      response_status_code: number;
    }[];
    expect(row?.request_payload).toEqual({
      content_type: 'application/octet-stream',
      bytes: expect.any(Number),
    });
  });

  it.each(WRONG)('refuse %s', async (_, body, told) => {
    const answer = await infer(body);
    expectMessage('error', answer.body);
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining(told)]);
  });

  const lying = (length: string, bytes: Buffer, size = 32) => {
    const { body, headers } = binaryMessage({ inputs: [binaryInput(size)] }, bytes);
    const told = length === '' ? headers['Inference-Header-Content-Length'] : length;
    return infer(body, { headers: { ...headers, 'Inference-Header-Content-Length': told } });
  };
  it('refuse lengths that lie', async () => {
    const whole = floatsOf(WINDOW);
    const cases: readonly (readonly [HttpAnswer, string])[] = [
      [await lying('', whole.subarray(4)), '28 of 32 bytes are left'],
      [await lying('', Buffer.concat([whole, whole])), '32 bytes of the binary data belong to no tensor'],
      [await lying('', whole, 31), 'says binary_data_size 31'],
      [await lying('', whole, 2 ** 50), 'says binary_data_size'],
      [await lying('100000', whole), 'must be the length of the JSON in front'],
      [await lying('-5', whole), 'must be the length of the JSON in front'],
      [await lying('12', whole), 'the JSON in front of the binary data is none'],
      [await lying('1e3', whole), 'must be the length of the JSON in front'],
    ];
    for (const [{ status, body }, told] of cases) {
      expect([status, body.error]).toEqual([400, expect.stringContaining(told)]);
      expectMessage('error', body);
    }
  });

  it('refuse what is not there or too large', async () => {
    const unknown = await infer({ inputs: [input()] }, { model: 'nobody' });
    expect([unknown.status, unknown.body.error]).toEqual([404, 'There is no model "nobody" here']);
    expect((await infer({ inputs: [input()] }, { model: 'random_walk_predictor' })).status).toBe(404);
    const large = await infer(Buffer.alloc(20_001), {
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    expect(large.status).toBe(413);
    expectMessage('error', large.body);
    const ignored = await infer({ inputs: [input()], parameters: { sampels: 3 } });
    expect(ignored.headers.get('X-Warnings')).toContain('parameters.sampels');
  });
});

describe.each(['postgres', 'sqlite'] as const)(
  'a second instance that has no model of its own [%s]',
  (kind) => {
    let asking: TestApp;
    beforeAll(async () => {
      asking = await startTestApp({
        database: kind,
        adapter: 'express',
        config: {
          ...offlineSettings(),
          predictor_plugin: 'inference_server',
          inference_url: server.url,
          inference_model: 'default_predictor',
          inference_headers: { 'X-API-KEY': evaluatorKey },
          inference_networks: ['127.0.0.0/8'],
          inference_output: 'answer',
          inference_sample_output: 'answer_samples',
          inference_metadata_path: `${folder.path}/dropping_metadata.json`,
          inference_required: true,
          mc_seed: 17,
        },
      });
    });
    afterAll(() => asking?.close());

    it('forecasts with the model of the first, bit for bit, and pins what it was', async () => {
      const own = (await forecast(server)).result.output;
      const { id, result } = await forecast(asking);
      const there = result.output;
      for (const key of [
        'predictions',
        'uncertainty',
        'intervals',
        'quantiles',
        'seed',
        'mode',
        'future_datetimes',
      ])
        expect([key, there[key]]).toEqual([key, own[key]]);
      expect(there['mode']).toBe('mc_dropout');
      const { model_sha256: sha256 } = own['metadata'] as { model_sha256: string };
      expect(there['metadata']).toMatchObject({
        model_sha256: sha256,
        model_version: sha256,
        model_sha256_of: 'model',
        model_type: 'inference_server',
        mc_samples: 100,
      });
      const { body: outcome } = await asking.get(`/api/v1/predictions/${id}/outcome`);
      expect(outcome.forecast ?? outcome).toMatchObject({ model_sha256: sha256, seed: 17 });
    });

    it('is ready as long as the first is, and serves its model on', async () => {
      const ready = await asking.get('/health/ready');
      expect(ready.body.details.inference_server).toEqual({
        status: 'up',
        model: 'default_predictor',
        ready: true,
        circuit: 'closed',
      });
      const answer = await asking.post(
        '/v2/models/inference_server/infer',
        { inputs: [input()] },
        { apiKey: ADMIN_KEY },
      );
      expect(numbers(answer)).toEqual(
        numbers(await infer({ inputs: [input()] }, { model: 'default_predictor' })),
      );
      const status = await asking.get('/api/v1/plugins/status');
      expect(status.text).not.toContain(evaluatorKey);
      if (kind === 'postgres') return; // the other one asks the first, too
      await server.server.stop();
      expect((await asking.get('/health/ready')).status).toBe(503);
      const { body } = await asking.post(
        '/api/v1/predictions',
        { symbol: 'SP500', interval: '1h' },
        {
          headers: { Prefer: 'wait=20' },
        },
      );
      expect(body).toMatchObject({ status: 'failed' });
    });
  },
);
