import { describe, expect, it } from '@jest/globals';
import { toWire } from '#libs/http';
import { partial } from '#libs/testing';
import { canonicalInterval, INTERVALS } from '#libs/timeseries';
import { legacyRequest } from '../../../src/predictions/legacy-predictions.controller.js';
import { flexibleScope, listScope } from '../../../src/predictions/prediction-access.js';
import type { PredictionEntity } from '../../../src/predictions/prediction.entity.js';
import { LegacyStatus } from '../../../src/predictions/legacy-prediction.dto.js';
import { PredictionOut } from '../../../src/predictions/prediction.dto.js';
import type { PredictionRepository } from '../../../src/predictions/prediction.repository.js';
import { preferredWait } from '../../../src/predictions/prefer-wait.interceptor.js';
import { ReadPredictions } from '../../../src/predictions/read-predictions.service.js';

describe('intervals', () => {
  it('have one spelling that plugins know, to which every other leads', () => {
    const known = ['1m', '2m', '5m', '15m', '30m', '1h', '90m', '4h', '1d', '5d', '1w', '1mo', '3mo'];
    expect([...new Set(INTERVALS.map(canonicalInterval))].sort()).toEqual(known.sort());
    expect(['60m', 'H1', '1h', 'H4', 'D1', 'M15', '1wk', '1M'].map(canonicalInterval)).toEqual([
      '1h',
      '1h',
      '1h',
      '4h',
      '1d',
      '15m',
      '1w',
      '1mo',
    ]);
    expect(canonicalInterval('7h')).toBeNull();
    expect(canonicalInterval('constructor')).toBeNull();
  });
});

describe('the header Prefer', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['wait=10', 10],
    ['respond-async, wait=5', 5],
    ['respond-async; wait = "7"', 7],
    [['return=minimal', 'WAIT=3'], 3],
    ['await=9', 0],
    ['wait=-1', 0],
    ['wait=soon', 0],
    ['wait=99999999999', 999999],
  ])('with the value %j asks for %i seconds', (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds);
  });
});

describe('what a caller reaches', () => {
  const client = { userId: 7, username: 'c', role: 'client' };
  it('is everything for administrators under both names', () => {
    for (const role of ['administrator', 'admin']) {
      expect(listScope({ ...client, role })).toEqual({ kind: 'all' });
      expect(flexibleScope({ ...client, role })).toEqual({ kind: 'all' });
    }
  });
  it('is their own for everybody else, and ownerless rows one by one', () => {
    for (const role of ['client', 'operator', 'provider', 'evaluator', 'guest']) {
      expect(listScope({ ...client, role })).toEqual({ kind: 'owner', userId: 7, andOwnerless: false });
      expect(flexibleScope({ ...client, role })).toEqual({ kind: 'owner', userId: 7, andOwnerless: true });
    }
  });
  it('is what nobody owns for anonymous callers', () => {
    expect(listScope(null)).toEqual({ kind: 'ownerless' });
    expect(flexibleScope(null)).toEqual({ kind: 'ownerless' });
  });
});

describe('the legacy request', () => {
  it('says the same in today’s words', () => {
    const request = legacyRequest({ instrument: 'EUR_USD', timeframe: 'H1', parameters: { plugin: 'p' } });
    expect(request).toMatchObject({
      symbol: 'EUR_USD',
      ticker: 'EUR_USD',
      interval: 'H1',
      predictor_plugin: 'p',
    });
    expect(legacyRequest({ instrument: 'A', timeframe: 'D1' })).not.toHaveProperty('predictor_plugin');
  });
});

describe('how a prediction is shown', () => {
  const row = {
    id: 3,
    taskId: 'task',
    userId: 1,
    clientAddress: null,
    status: 'completed',
    symbol: 'A',
    ticker: 'A',
    interval: '1d',
    predictorPlugin: 'p',
    feederPlugin: 'f',
    pipelinePlugin: 'l',
    predictionType: 'short_term',
    result: { request: { symbol: 'A' } },
    prediction: [1, null],
    uncertainty: [0.5, null],
  } as unknown as PredictionEntity;

  it('has the lists beside the output', () => {
    expect(toWire(PredictionOut, row)).toEqual({
      id: 3,
      prediction_id: 3,
      task_id: 'task',
      status: 'completed',
      symbol: 'A',
      ticker: 'A',
      interval: '1d',
      predictor_plugin: 'p',
      feeder_plugin: 'f',
      pipeline_plugin: 'l',
      prediction_type: 'short_term',
      model_name: 'p',
      result: { request: { symbol: 'A' }, prediction: [1, null], uncertainty: [0.5, null] },
    });
  });

  it('has the lists at the top for legacy callers, under the id that they asked for', () => {
    expect(toWire(LegacyStatus, { ...row, predictionId: 'task' })).toMatchObject({
      prediction_id: 'task',
      status: 'completed',
      prediction: [1, null],
      uncertainty: [0.5, null],
    });
    const pending = { ...row, status: 'pending', prediction: null, uncertainty: null } as PredictionEntity;
    expect(toWire(LegacyStatus, { ...pending, predictionId: '3' })).toEqual({
      prediction_id: '3',
      status: 'pending',
      result: { request: { symbol: 'A' } },
    });
  });

  it('says whether there is a next page', async () => {
    const repository = partial<PredictionRepository>({ list: async () => [row], count: async () => 2 });
    const page = (offset: number) => new ReadPredictions(repository).list(null, { limit: 1, offset });
    expect(await page(0)).toMatchObject({ more: true, total: 2 });
    expect(await page(1)).toMatchObject({ more: false });
  });
});
