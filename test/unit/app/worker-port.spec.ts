import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpClient } from '#libs/testing';
import { healthServer } from '../../../src/app/health/worker-port.js';

describe("a worker's port", () => {
  let isUp = true;
  const server = healthServer({
    readings: async () => [{ name: 'database', up: isUp, detail: { kind: 'postgres' } }],
    metrics: async () => {
      if (!isUp) throw new Error('the database is away');
      return { contentType: 'text/plain', body: 'jobs 1\n' };
    },
  });
  let client: HttpClient;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new HttpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('shows health and metrics, and says where the API is', async () => {
    expect((await client.get('/health')).status).toBe(200);
    expect((await client.get('/health/ready?verbose')).body).toEqual({
      status: 'ok',
      details: { database: { status: 'up', kind: 'postgres' } },
    });
    expect((await client.get('/metrics')).text).toBe('jobs 1\n');
    expect((await client.get('/api/v1/predictions/')).status).toBe(404);
    expect((await client.post('/health', {})).status).toBe(405);
  });

  it('answers 503 while a check fails, and is alive all the same', async () => {
    isUp = false;
    const { status, body } = await client.get('/health/ready');
    expect([status, body.status]).toEqual([503, 'error']);
    expect((await client.get('/health/live')).status).toBe(200);
    expect((await client.get('/metrics')).status).toBe(500);
    isUp = true;
  });
});
