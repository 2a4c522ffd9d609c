import { gate } from '#libs/testing';
import { PluginRegistry } from '#libs/plugin-host';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeOnAdapters, startTestApp, type TestApp } from '../../harness/app.js';
import { offlineSettings } from '../../harness/original.js';

describeOnAdapters('the in-flight limit behind a proxy', (adapter) => {
  let app: TestApp;
  const { opened, open } = gate();
  beforeAll(async () => {
    const config = { ...offlineSettings(), trusted_proxies: ['127.0.0.1'], max_concurrent_predictions: 2 };
    app = await startTestApp({ adapter, config });
    const feeder = app.app.get(PluginRegistry, { strict: false }).active('feeder');
    const fetch = feeder.fetch;
    jest.spyOn(feeder, 'fetch').mockImplementation(async (...asked) => opened.then(() => fetch(...asked)));
  });
  afterAll(async () => {
    open();
    await app.close();
  });

  const statusFrom = async (forwarded: string): Promise<number> => {
    const headers = { 'X-Forwarded-For': forwarded };
    return (await app.post('/api/v1/predict', { symbol: 'AAPL' }, { headers })).status;
  };

  it('counts anonymous callers by the address that the trusted proxy saw, however it is written or preceded', async () => {
    expect(await statusFrom('192.0.2.1')).toBe(201);
    expect(await statusFrom('::ffff:192.0.2.1')).toBe(201);
    expect(await statusFrom('203.0.113.9, 192.0.2.1')).toBe(429);
    expect(await statusFrom('192.0.2.2')).toBe(201);
  });
});
