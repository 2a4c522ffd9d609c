import { describe, expect, it } from '@jest/globals';
import type { AdapterName } from '../harness/app.js';
import type { DatabaseKind } from '../harness/databases.js';
import { fuzz } from './run.js';

/** `npm run fuzz` sends as many as you like. */
const REQUESTS = 1_500;
const SEED = 7;
const PLATFORMS: readonly (readonly [DatabaseKind, AdapterName])[] = [
  ['sqlite', 'fastify'],
  ['postgres', 'express'],
];

describe.each(PLATFORMS)('requests made by chance from the API description [%s, %s]', (database, adapter) => {
  it('get the answers that it declares, and leave books and audit log in order', async () => {
    const { findings, statuses } = await fuzz({ on: { database, adapter }, requests: REQUESTS, seed: SEED });
    expect(findings).toEqual([]);
    // A run that is refused at the door proves nothing.
    expect(statuses.get('200')).toBeGreaterThan(REQUESTS / 5);
    expect(statuses.get('422')).toBeGreaterThan(REQUESTS / 10);
  }, 600_000);
});
