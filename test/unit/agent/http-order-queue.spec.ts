import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpOrderQueue } from '../../../src/agent/http-order-queue.js';

interface Heard {
  readonly call: string;
  readonly key: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly body: unknown;
}

let server: Server;
let queue: HttpOrderQueue;
let heard: Heard[] = [];
let answer: { status: number; body: unknown; headers?: Record<string, string> };

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

beforeAll(async () => {
  server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const { method = '', url = '', headers } = request;
      heard.push({
        call: `${method} ${url}`,
        key: headers['x-api-key'] as string | undefined,
        idempotencyKey: headers['idempotency-key'] as string | undefined,
        body: text === '' ? undefined : JSON.parse(text),
      });
      response.writeHead(answer.status, answer.headers);
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  queue = new HttpOrderQueue(`http://127.0.0.1:${port}/`, 'pp_key');
});
beforeEach(() => {
  heard = [];
  answer = { status: 200, body: { success: true } };
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const page = { sort: 'priority', order: 'desc', limit: 100 } as const;
const lease = { orderId: 'a1', leaseEpoch: 3 };
const list = () => queue.pending('platform', {}, page);
const claim = () =>
  queue.claim('platform', { orderId: 'a1', estimatedCompletion: null, processingNodeInfo: null });
const beat = () => queue.heartbeat('platform', lease, { progressPercentage: 50, currentStep: 'predict' });
const result = {
  predictions: [1],
  uncertainties: [0],
  confidenceIntervals: { lower_95: [0], upper_95: [2] },
  modelMetadata: { windowSize: 3 },
  processingLog: null,
  resourceUsage: null,
  qualityMetrics: null,
};
const submit = () => queue.submit('platform', { ...lease, result });
const release = () => queue.release('platform', { ...lease, reason: 'technical_issue', details: 'no data' });

describe('the queue of a service elsewhere', () => {
  it('lists orders in the words of the marketplace', async () => {
    const terms = { symbol: 'EURUSD', interval: '1h', lookback_ticks: 100, prediction_horizon: 2 };
    const plugins = { predictor_plugin: 'p', feeder_plugin: 'f', pipeline_plugin: 'l' };
    const moment = { datetime_requested: '2100-01-01T00:00:00.000Z', prediction_type: 'short_term' };
    const order = { id: 'a1', ...terms, ...plugins, ...moment };
    answer.body = { pending_requests: [{ ...order, model_name: 'fast' }, order] };
    const { orders } = await list();
    expect(orders.map(({ id, modelName }) => [id, modelName])).toEqual([
      ['a1', 'fast'],
      ['a1', 'p'],
    ]);
    expect(orders[0]).toMatchObject({
      symbol: 'EURUSD',
      interval: '1h',
      lookbackTicks: 100,
      predictionHorizon: 2,
      datetimeRequested: new Date(Date.UTC(2100, 0, 1)),
      predictionType: 'short_term',
      predictorPlugin: 'p',
      feederPlugin: 'f',
      pipelinePlugin: 'l',
    });
    const call = 'GET /api/v1/evaluator/pending?sort=priority&order=desc&limit=100';
    expect(heard).toEqual([{ call, key: 'pp_key', idempotencyKey: undefined, body: undefined }]);
  });

  it('writes under the epoch of the claim, and hands an answer in under one key for all repeats', async () => {
    answer.body = { lease_epoch: 3, timeout_at: '2100-01-01T00:30:00.000Z' };
    expect(await claim()).toEqual({ leaseEpoch: 3, timeoutAt: new Date(Date.UTC(2100, 0, 1, 0, 30)) });
    await beat();
    await submit();
    await release();
    expect(heard.map(({ call, idempotencyKey, body }) => [call, idempotencyKey, body])).toEqual([
      ['POST /api/v1/evaluator/claim/a1', undefined, {}],
      [
        'PUT /api/v1/evaluator/progress/a1',
        undefined,
        { lease_epoch: 3, progress_percentage: 50, current_step: 'predict' },
      ],
      [
        'POST /api/v1/evaluator/submit/a1',
        'a1-3',
        {
          lease_epoch: 3,
          predictions: [1],
          uncertainties: [0],
          confidence_intervals: { lower_95: [0], upper_95: [2] },
          model_metadata: { windowSize: 3 },
          processing_log: null,
          resource_usage: null,
          quality_metrics: null,
        },
      ],
      [
        'POST /api/v1/evaluator/release/a1',
        undefined,
        { lease_epoch: 3, reason: 'technical_issue', details: 'no data' },
      ],
    ]);
  });

  const problem = (code: string) => ({ type: `urn:prediction-provider:problem:${code}`, detail: 'why' });

  it.each([
    [403, 'not-claimer', 'forbidden', 'not_claimer'],
    [404, 'not-processing', 'not_found', 'not_processing'],
    [408, 'lease-expired', 'deadline_passed', 'lease_expired'],
    [409, 'stale-lease', 'conflict', 'stale_lease'],
    [410, 'job-expired', 'gone', 'job_expired'],
    [422, 'invalid', 'invalid', 'invalid'],
    [429, 'release-cooldown', 'too_many', 'release_cooldown'],
    [409, 'idempotency-in-progress', 'unavailable', 'idempotency_in_progress'],
    [500, 'internal', 'unavailable', 'internal'],
  ])('answers %i %s like the queue of the process itself', async (status, type, kind, code) => {
    answer = { status, body: problem(type), headers: { 'Retry-After': '7' } };
    for (const call of [claim, beat, submit, release])
      await expect(call()).rejects.toMatchObject({
        kind,
        code,
        message: `${status} why`,
        headers: { 'Retry-After': '7' },
      });
  });

  it('is away while it asks for patience, while a proxy speaks for it, and when it cannot be reached', async () => {
    answer = { status: 502, body: '<html>Bad gateway</html>' };
    await expect(list()).rejects.toMatchObject({ kind: 'unavailable', message: '502', headers: {} });
    answer = { status: 429, body: problem('rate-limit'), headers: { 'Retry-After': '2' } };
    await expect(list()).rejects.toMatchObject({ kind: 'too_many', headers: { 'Retry-After': '2' } });
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const nowhere = new HttpOrderQueue(`http://127.0.0.1:${port}`, 'pp_key');
    await expect(nowhere.pending('platform', {}, page)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([
    [401, problem('unauthorized'), list, 'the service does not accept the key: 401 why'],
    [403, problem('forbidden'), list, 'the service does not let this evaluator list orders: 403 why'],
    [200, 'a page', list, 'the service does not let this evaluator list orders: 200'],
    [200, {}, claim, 'the service does not let this evaluator claim an order: 200'],
    [418, 'a teapot', submit, 'the service does not let this evaluator work on an order: 418'],
  ])('refuses for good with %i %j', async (status, body, call, message) => {
    answer = { status, body };
    await expect(call()).rejects.toMatchObject({ kind: 'unauthorized', message });
  });
});
