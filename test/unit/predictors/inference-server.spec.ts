import { assertPresent } from '#libs/kernel';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createPlugin, predictorConformance, type Predictor } from '#libs/plugin-sdk';
import { FakeClock } from '#libs/testing';
import inferenceServer from '../../../libs/plugins/src/predictors/inference-server/inference-server-predictor.js';
import {
  ask,
  clock,
  CLOSES,
  faultOf,
  frame,
  given,
  LAST,
  opened,
  served,
  server,
  serveSpecs,
} from './inference-server-room.js';
import { forecastRequest } from './predictor-context.js';
import { mlserver, reply, rowsOf, type Script, serverOf, stepping } from './scripted-inference-server.js';

serveSpecs();

describe('a forecast of an inference server', () => {
  it.each(['json', 'binary'])('is that of the window, sent as %s', async (inference_format) => {
    const one = await served({ inference_format }, (asked, response) => {
      expect(rowsOf(asked)).toEqual([CLOSES.slice(-4)]);
      stepping(asked, response);
    });
    expect(await ask(one)).toMatchObject({
      mode: 'model',
      predictions: [LAST + 1, LAST + 2],
      baseline_value: LAST,
      horizons: [1, 2],
      uncertainty: [0, 0],
      metadata: {
        model_name: 'forecaster',
        model_version: '3',
        model_sha256_of: 'metadata',
        model_type: 'inference_server',
      },
    });
    expect(one.reach?.(null)).toBe(2);
  });

  it('takes bytes where the server says that it does', async () => {
    const one = await served({ inference_format: 'auto' }, stepping, {
      extensions: ['binary_tensor_data'],
    });
    await ask(one);
    const { headers, json } = assertPresent(server.inferences[0], 'it was asked');
    expect(headers['content-type']).toBe('application/octet-stream');
    expect(json['inputs']).toEqual([
      { name: 'window', datatype: 'FP32', shape: [1, 4, 1], parameters: { binary_data_size: 16 } },
    ]);
    expect(json['outputs']).toEqual([{ name: 'steps', parameters: { binary_data: true } }]);
  });

  it('travels with those that wait at the same moment, each with its own answer', async () => {
    const one = await served();
    const moments = [20, 30, 40, 50].map((row) => frame.time[row] ?? NaN);
    const answers = await Promise.all(moments.map((baseline) => ask(one, { baseline })));
    expect(answers.map((answer) => answer?.predictions)).toEqual(
      [20, 30, 40, 50].map((row) => [(CLOSES[row] ?? NaN) + 1, (CLOSES[row] ?? NaN) + 2]),
    );
    expect(server.inferences.map((asked) => rowsOf(asked).length)).toEqual([4]);
    const batch = await one.forecastBatch?.(frame, {
      ...forecastRequest(),
      baselines: moments,
      seeds: [1, 2, 3, 4],
    });
    expect(batch?.map((answer) => ('predictions' in answer ? answer.predictions : answer))).toEqual(
      answers.map((answer) => answer?.predictions),
    );
  });

  it('is asked in parts where the server takes fewer rows', async () => {
    const few = await served({ inference_batch_rows: 3 });
    await Promise.all([20, 30, 40, 50].map((row) => ask(few, { baseline: frame.time[row] })));
    expect(server.inferences.map((asked) => rowsOf(asked).length)).toEqual([3, 1]);
    server.asked.length = 0;
    const inputs = [{ name: 'window', datatype: 'FP32', shape: [1, 4, 1] }];
    const single = await served({}, stepping, { model: { inputs } });
    await Promise.all([20, 30].map((row) => ask(single, { baseline: frame.time[row] })));
    expect(server.inferences.map((asked) => rowsOf(asked).length)).toEqual([1, 1]);
  });

  const sampling =
    (echo: boolean): Script =>
    ({ json }, response) => {
      const { samples, seed } = json['parameters'] as { samples: number; seed: number };
      const data = Array.from({ length: samples }, (_, pass) => [LAST + pass, LAST - pass]).flat();
      const outputs = [{ name: 'passes', datatype: 'FP32', shape: [1, samples, 2], data }];
      reply(response, 200, {
        model_name: 'f',
        model_version: '3',
        outputs,
        ...(echo && { parameters: { samples, seed } }),
      });
    };
  const SAMPLED = {
    model: {
      outputs: [
        { name: 'steps', datatype: 'FP32', shape: [-1, 2] },
        { name: 'passes', datatype: 'FP32', shape: [-1, -1, 2] },
      ],
    },
  };
  it('is as sure as the passes of the server agree', async () => {
    const settings = { inference_sample_output: 'passes', mc_samples: 5, mc_seed: 9 };
    const answer = await ask(await served(settings, sampling(true), SAMPLED));
    expect(answer).toMatchObject({
      mode: 'mc_dropout',
      predictions: [LAST + 2, LAST - 2],
      uncertainty: [expect.closeTo(Math.SQRT2, 5), expect.closeTo(Math.SQRT2, 5)],
      quantiles: { '0.5': [LAST + 2, LAST - 2] },
      seed: 9,
      metadata: { mc_samples: 5 },
    });
    // a server that does not say what it drew from can't be asked to draw it again
    expect((await ask(await served(settings, sampling(false), SAMPLED)))?.seed).toBeNull();
  });

  it('is asked of the version that answers now', async () => {
    let version = '3';
    const one = await served({}, (asked, response) => {
      const data = rowsOf(asked).flatMap(([, , , last = NaN]) => [last + Number(version), last]);
      const outputs = [{ name: 'steps', datatype: 'FP32', shape: [1, 2], data }];
      reply(response, 200, { model_name: 'f', model_version: version, outputs });
    });
    const before = await ask(one);
    version = '4';
    const after = await ask(one);
    expect([before?.predictions[0], after?.predictions[0]]).toEqual([LAST + 3, LAST + 4]);
    expect(after?.metadata).toMatchObject({ model_version: '4' });
    expect(after?.metadata?.['model_sha256']).not.toBe(before?.metadata?.['model_sha256']);
    // a minute later it is asked again what it is; by then that version may be gone, too
    version = '5';
    const { script } = server;
    server.script = (asked, response) =>
      asked.path.endsWith('/versions/4') ? reply(response, 404, { error: 'gone' }) : script(asked, response);
    await clock.current.advance(60_000);
    expect((await ask(one))?.metadata).toMatchObject({ model_version: '5' });
    const pinned = await served({ inference_version: '3' }, stepping);
    server.script = serverOf({}, (_, response) =>
      reply(response, 200, {
        model_name: 'f',
        model_version: '4',
        outputs: [{ name: 'steps', datatype: 'FP32', shape: [1, 2], data: [1, 2] }],
      }),
    );
    expect(await faultOf(ask(pinned))).toEqual([
      'not_configured',
      'inference_version: the inference server answers with version 4, not 3',
    ]);
    expect(server.asked.at(-1)?.path).toBe('/v2/models/forecaster/versions/3/infer');
  });

  it('gives no number where the server has none', async () => {
    const one = await served({}, (_, response) =>
      reply(
        response,
        200,
        '{"model_name":"f","outputs":[{"name":"steps","datatype":"FP32","shape":[1,2],"data":[null,5]}]}',
      ),
    );
    expect(await ask(one)).toMatchObject({
      predictions: [null, 5],
      errors: [{ horizon: 1, error: 'not_a_number' }],
    });
  });
});

describe('a server that answers as MLServer does', () => {
  it('forecasts with what the parameters add to its metadata', async () => {
    const settings = {
      inference_format: 'auto',
      inference_input: 'window',
      inference_input_shape: [-1, 4],
      inference_datatype: 'FP64',
    };
    server.script = mlserver;
    const one = (await createPlugin(inferenceServer, given(settings), {
      clock: new FakeClock(),
    })) as Predictor;
    opened.push(one);
    const answer = await ask(one);
    expect(answer).toMatchObject({
      predictions: [expect.closeTo(LAST + 0.1, 4)],
      metadata: { model_version: 'v0.1.0', model_sha256_of: 'metadata' },
    });
    expect(server.inferences[0]?.json).toEqual({
      inputs: [{ name: 'window', datatype: 'FP64', shape: [1, 4], data: CLOSES.slice(-4) }],
    });
    expect(await one.describe?.()).toMatchObject({ window_size: 4, model_version: 'v0.1.0', horizons: null });
  });

  it('stops the start when its model is not there, and says what is missing', async () => {
    server.script = mlserver;
    const made = (more: object) => createPlugin(inferenceServer, given(more), { clock: new FakeClock() });
    expect(await faultOf(made({ inference_model: 'unknown' }))).toEqual([
      'not_configured',
      'the inference server does not know the model "unknown": Model unknown not found',
    ]);
    expect(await faultOf(made({}))).toEqual([
      'not_configured',
      'the server does not say what the model "forecaster" takes; say inference_input and inference_input_shape',
    ]);
  });
});

describe('the contract of predictors', () => {
  const create = () =>
    createPlugin(inferenceServer, given({}), { clock: new FakeClock() }) as Promise<Predictor>;
  beforeAll(() => {
    server.script = serverOf({}, stepping);
  });
  for (const { name, run } of predictorConformance({
    definition: inferenceServer,
    create,
    frame,
    request: { horizons: [1, 2] },
  })) {
    it(name, run);
  }
});
