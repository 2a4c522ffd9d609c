import { expect, it } from '@jest/globals';
import { describeOriginal } from '../harness/original.js';

describeOriginal('the original’s unit suite', (app) => {
  it('answers the paths of the default endpoints, or says that they do not exist [U1]', async () => {
    const posted = await app().request('POST', '/predict/', {
      body: { instrument: 'EUR_USD', timeframe: 'H1' },
    });
    expect([200, 201, 202, 404]).toContain(posted.status);
    const id = (posted.body.prediction_id as string | undefined) ?? 'test-task';
    expect([200, 404]).toContain((await app().request('GET', `/predict/${id}`)).status);
    expect([200, 404]).toContain((await app().request('GET', '/plugins/')).status);
  });
});
