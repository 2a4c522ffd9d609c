import { eventually } from '#libs/testing';
import { expect, it } from '@jest/globals';
import { describeOriginal } from '../harness/original.js';

describeOriginal('the original’s system suite', (app) => {
  const create = (body: unknown) => app().request('POST', '/api/v1/predictions/', { body });

  /** Lines of the access log for one method and path. */
  const accessLines = (start: string): string[] =>
    app()
      .logLines.filter(({ name }) => name === 'prediction_provider.access')
      .map(({ msg }) => msg)
      .filter((line) => line.startsWith(start));

  it('logs each request on one line with method, path and status [Y1]', async () => {
    expect((await create({ symbol: 'AAPL', interval: '1d' })).status).toBe(201);
    expect((await create({})).status).toBe(422);
    await eventually(
      'both requests were logged',
      () => accessLines('POST /api/v1/predictions/').length === 2,
    );
    expect(accessLines('POST /api/v1/predictions/')).toEqual([
      expect.stringMatching(/^POST \/api\/v1\/predictions\/ - 201 - \d+(\.\d+)?ms$/),
      expect.stringMatching(/^POST \/api\/v1\/predictions\/ - 422 - \d+(\.\d+)?ms$/),
    ]);
  });

  it('completes a prediction that is polled, with prediction and uncertainty [Y2]', async () => {
    const { id } = (await create({ symbol: 'AAPL', interval: '1d' })).body;
    let last: { status: string; result: Record<string, unknown> } = { status: '', result: {} };
    await eventually('it ended', async () => {
      last = (await app().request('GET', `/api/v1/predictions/${id as number}`)).body;
      return ['completed', 'failed'].includes(last.status);
    });
    expect(last).toMatchObject({
      status: 'completed',
      result: { prediction: expect.any(Array), uncertainty: expect.any(Array) },
    });
  });
});
