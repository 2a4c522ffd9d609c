import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, clock, faultOf, LAST, served, server, serveSpecs, warned } from './inference-server-room.js';
import {
  type About,
  reply,
  type Script,
  ScriptedInferenceServer,
  serverOf,
  stepping,
} from './scripted-inference-server.js';

serveSpecs();

const answering =
  (outputs: unknown, more: object = {}): Script =>
  (_, response) =>
    reply(response, 200, { model_name: 'f', model_version: '3', outputs, ...more });
const steps = (more: object) => [{ name: 'steps', datatype: 'FP32', shape: [1, 2], data: [1, 2], ...more }];
const raw =
  (head: object, bytes: Buffer, length?: string): Script =>
  (_, response: ServerResponse) => {
    const json = Buffer.from(JSON.stringify(head));
    response
      .writeHead(200, { 'Inference-Header-Content-Length': length ?? String(json.length) })
      .end(Buffer.concat([json, bytes]));
  };
const binarySteps = (size: number) => ({
  model_name: 'f',
  outputs: [{ name: 'steps', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: size } }],
});

describe('a hostile or broken server', () => {
  const HOSTILE: readonly (readonly [string, Script, string])[] = [
    ['other rows', answering(steps({ shape: [2, 1] })), 'which is no answer to 1 rows'],
    ['a huge shape', answering(steps({ shape: [1, 2 ** 40] })), 'may have 67108864 elements'],
    ['another type', answering(steps({ datatype: 'FP64' })), 'has the type FP64; its metadata say FP32'],
    ['texts', answering(steps({ datatype: 'BYTES' })), 'the datatype "BYTES"'],
    ['too few numbers', answering(steps({ data: [1] })), 'has 1 elements, its shape has 2'],
    ['no numbers', answering(steps({ shape: [1, 0], data: [] })), 'which is no answer to 1 rows'],
    [
      'another output',
      answering([{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }]),
      '"steps" was asked for',
    ],
    ['no outputs', answering(undefined), 'needs a list of tensors'],
    ['no JSON', (_, response) => reply(response, 200, '<html>'), 'no JSON'],
    ['a list', (_, response) => reply(response, 200, []), 'no JSON object'],
    ['too few bytes', raw(binarySteps(8), Buffer.alloc(4)), '4 of 8 bytes are left'],
    ['too many bytes', raw(binarySteps(8), Buffer.alloc(9)), 'belong to no tensor'],
    ['a wrong size', raw(binarySteps(2 ** 45), Buffer.alloc(8)), 'says binary_data_size'],
    [
      'a head that is longer than all',
      raw(binarySteps(8), Buffer.alloc(8), '99999'),
      'the length of the JSON',
    ],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { Location: 'http://10.0.0.1/' }).end(),
      'redirects',
    ],
    [
      'an endless answer',
      (_, response) => void response.writeHead(200).end(Buffer.alloc(70_000)),
      '(inference_answer_bytes)',
    ],
    [
      'an answer that is shorter than it says',
      (_, response) => {
        response.writeHead(200, { 'Content-Length': '500' }).write('{');
        response.socket?.destroySoon();
      },
      'could not be asked',
    ],
    ['a reset', (_, response) => response.socket?.resetAndDestroy(), 'could not be asked (ECONNRESET)'],
    [
      'no room',
      (_, response) => reply(response, 503, { error: 'busy' }),
      'is not able to answer (503: busy)',
    ],
  ];
  it.each(HOSTILE)('that gives %s is unavailable', async (_, script, told) => {
    const one = await served({ inference_answer_bytes: 65_536 }, script);
    expect(await faultOf(ask(one))).toEqual(['source_unavailable', expect.stringContaining(told)]);
  });

  it('is told apart from one that is asked wrongly', async () => {
    const refusing = (status: number, error: string) => (_: unknown, response: ServerResponse) =>
      reply(response, status, { error });
    expect(await faultOf(ask(await served({}, refusing(400, 'unexpected shape\u0007'))))).toEqual([
      'not_configured',
      'the inference server refuses the input of the model "forecaster" (400: unexpected shape )',
    ]);
    expect(await faultOf(ask(await served({}, refusing(401, 'no'))))).toEqual([
      'not_configured',
      'the inference server refuses the credentials (401: no); say inference_headers',
    ]);
  });

  const MISFITS: readonly (readonly [string, object, About, string])[] = [
    ['another output', { inference_output: 'x' }, {}, 'has no output "x"; it has steps'],
    ['another input', { inference_input: 'x' }, {}, 'has no input "x"; it has window'],
    [
      'no passes',
      { inference_sample_output: 'x' },
      {},
      'inference_sample_output: the model "forecaster" has no output',
    ],
    [
      'another window',
      {},
      { model: { inputs: [{ name: 'window', datatype: 'FP32', shape: [-1, 9, 1] }] } },
      'its window has 9 bars, but window_size is 4',
    ],
    [
      'more columns',
      {},
      { model: { inputs: [{ name: 'window', datatype: 'FP32', shape: [-1, 4, 2] }] } },
      'the model takes 2 columns, forecaster.json names 1',
    ],
    [
      'two inputs',
      {},
      {
        model: {
          inputs: [
            { name: 'window', datatype: 'FP32', shape: [-1, 4, 1] },
            { name: 'time', datatype: 'FP32', shape: [-1, 4] },
          ],
        },
      },
      'the model has 2 inputs',
    ],
    [
      'texts',
      {},
      { model: { inputs: [{ name: 'window', datatype: 'BYTES', shape: [-1, 4, 1] }] } },
      'is BYTES; numbers are sent',
    ],
    [
      'a plain address',
      { inference_networks: [] },
      {},
      'http is allowed only to addresses in inference_networks',
    ],
    [
      'metadata that are not there',
      { inference_metadata_path: '/nowhere/forecaster.json' },
      {},
      'is not there',
    ],
    ['no address', { inference_url: null }, {}, 'inference_url is not set'],
  ];
  it.each(MISFITS)('stops the start with %s', async (_, more, about, told) => {
    expect(await faultOf(served(more, stepping, about))).toEqual([
      'not_configured',
      expect.stringContaining(told),
    ]);
  });

  it('reaches nothing behind a name that leads elsewhere', async () => {
    const url = server.url.replace('127.0.0.1', 'localhost');
    expect(await faultOf(served({ inference_url: url, inference_networks: ['10.0.0.0/8'] }))).toEqual([
      'not_configured',
      expect.stringContaining('http is allowed only to addresses in inference_networks'),
    ]);
    expect(server.asked).toEqual([]);
  });
});

describe('a server that fails', () => {
  it('is given up after the time limit', async () => {
    const one = await served({ inference_timeout_seconds: 2 }, () => {});
    const fault = faultOf(ask(one));
    while (server.inferences.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.current.advance(1_999);
    await clock.current.advance(1);
    expect(await fault).toEqual([
      'source_unavailable',
      'the inference server did not answer within 2 s (inference_timeout_seconds)',
    ]);
    expect(clock.current.pending).toBe(0);
  });

  it('is left alone after several failures, and asked again when its time is over', async () => {
    const settings = { inference_break_after: 3, inference_break_seconds: 30 };
    const failing: Script = (_, response) => reply(response, 500, { error: 'out of memory' });
    const one = await served(settings, failing);
    for (let turn = 0; turn < 3; turn += 1)
      expect((await faultOf(ask(one)))[1]).toContain('(500: out of memory)');
    expect(server.inferences).toHaveLength(3);
    expect((await faultOf(ask(one)))[1]).toContain('no requests are sent for a while');
    await clock.current.advance(29_999);
    expect((await faultOf(ask(one)))[1]).toContain('no requests are sent for a while');
    expect(server.inferences).toHaveLength(3);
    expect(await one.readiness?.()).toMatchObject({ up: true, detail: { ready: true, circuit: 'open' } });
    await clock.current.advance(1);
    expect((await faultOf(ask(one)))[1]).toContain('(500: out of memory)'); // the trial fails: closed again
    expect((await faultOf(ask(one)))[1]).toContain('no requests are sent for a while');
    await clock.current.advance(30_000);
    server.script = serverOf({}, stepping);
    expect((await ask(one))?.predictions).toEqual([LAST + 1, LAST + 2]);
    expect(server.inferences).toHaveLength(5);
    expect(await one.readiness?.()).toMatchObject({ detail: { circuit: 'closed' } });
  });

  it('that refuses what it is asked is not left alone for it', async () => {
    const one = await served({ inference_break_after: 1 }, (_, response) => reply(response, 400, {}));
    await faultOf(ask(one));
    expect((await faultOf(ask(one)))[1]).toContain('refuses the input');
  });

  it('is found again after it was killed', async () => {
    const one = await served({ inference_retries: 1, inference_required: true });
    await ask(one);
    await server.kill();
    expect(await one.readiness?.()).toMatchObject({ name: 'inference_server', up: false });
    expect((await faultOf(ask(one)))[1]).toBe('the inference server could not be asked (ECONNREFUSED)');
    await server.start();
    expect((await ask(one))?.predictions).toEqual([LAST + 1, LAST + 2]);
    expect(await one.readiness?.()).toMatchObject({ up: true });
  });

  it('is asked once more after a lost connection', async () => {
    let lost = 0;
    const one = await served({ inference_retries: 1 }, (asked, response) => {
      if (lost > 0) return stepping(asked, response);
      lost += 1;
      return response.socket?.resetAndDestroy();
    });
    expect((await ask(one))?.predictions).toEqual([LAST + 1, LAST + 2]);
    expect(server.inferences).toHaveLength(2);
  });

  it('does not stop the start', async () => {
    await server.kill();
    const one = await served();
    expect(warned).toEqual([
      'inference_server: the inference server could not be asked (ECONNREFUSED); it will be asked again',
    ]);
    await server.start();
    expect((await ask(one))?.predictions).toEqual([LAST + 1, LAST + 2]);
  });
});

/** Only openssl makes certificates; where it is missing nothing can be shown. */
const describeWithOpenssl = spawnSync('openssl', ['version']).status === 0 ? describe : describe.skip;

describeWithOpenssl('a server that speaks https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inference-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  let secret: ScriptedInferenceServer;
  beforeAll(async () => {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
        .concat(['-subj', '/CN=inference', '-addext', 'subjectAltName=IP:127.0.0.1'])
        .concat(['-keyout', key, '-out', cert]),
      { stdio: 'ignore' },
    );
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    secret = await new ScriptedInferenceServer(serverOf({}, stepping), tls).start();
  });
  afterAll(async () => {
    await secret.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is believed when an authority of the operator signed for it', async () => {
    const there = { inference_url: secret.url, inference_headers: { Authorization: 'Bearer abc' } };
    const one = await served({ ...there, inference_ca_path: cert });
    expect((await ask(one))?.predictions).toEqual([LAST + 1, LAST + 2]);
    expect(secret.inferences[0]?.headers.authorization).toBe('Bearer abc');
    const asked = secret.asked.length;
    const stranger = await served(there);
    expect(await faultOf(ask(stranger))).toEqual([
      'source_unavailable',
      'the inference server could not be asked (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ]);
    expect(await faultOf(served({ ...there, inference_networks: [] }))).toEqual([
      'not_configured',
      'inference_url: 127.0.0.1 is not a public address; inference_networks opens others',
    ]);
    expect(secret.asked).toHaveLength(asked);
  });
});
