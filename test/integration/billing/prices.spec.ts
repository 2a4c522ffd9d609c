import { beforeAll, expect, it } from '@jest/globals';
import { asked, BillingBench, USD } from './billing-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

describeOnDatabases('quotes', (database) => {
  let bench: BillingBench;
  const price = (providerId: number, modelName: string, priceMicros: number, currency = 'USD') =>
    bench.prices.switchTo({ providerId, modelName, priceMicros, currency });
  const quote = (modelName: string, provider?: number | string) =>
    bench.quoting.quote(asked({ modelName, ...(provider !== undefined && { provider }) }));

  beforeAll(() => {
    bench = new BillingBench(database());
  });

  it('come from the base table where nobody has a price, with the platform as provider', async () => {
    await expect(bench.quoting.quote(asked({ horizon: 12, priority: 8 }))).resolves.toEqual({
      modelName: 'default_predictor',
      providerId: 0,
      priceId: null,
      unitPrice: 5 * USD,
      scoreShare: null,
      currency: 'USD',
      multipliers: [
        { reason: 'horizon', hundredths: 20 },
        { reason: 'priority', hundredths: 25 },
      ],
      total: 7.25 * USD,
      shares: { evaluator: 5_075_000, provider: 1_812_500, platform: 362_500 },
      expiresAt: bench.clock.now() + 300_000,
    });
    await expect(bench.quoting.isPriced('default_predictor')).resolves.toBe(false);
  });

  it('take the cheapest active price, or that of the named provider', async () => {
    await price(1, 'm', 4 * USD);
    const cheap = await price(2, 'm', 3 * USD);
    await price(3, 'm', 1 * USD, 'EUR');
    await expect(quote('m')).resolves.toMatchObject({ providerId: 2, priceId: cheap.id, total: 3 * USD });
    await expect(quote('m', 1)).resolves.toMatchObject({ providerId: 1, total: 4 * USD });
    await expect(quote('m', '1')).resolves.toMatchObject({ providerId: 1 });
    await expect(quote('m', 3)).resolves.toMatchObject({ currency: 'EUR' });
    for (const unknown of [9, '9', 'nobody']) {
      await expect(quote('m', unknown)).rejects.toMatchObject({
        kind: 'invalid',
        violations: [{ loc: ['body', 'custom_parameters', 'provider'] }],
      });
    }
    await expect(bench.quoting.isPriced('m')).resolves.toBe(true);
  });

  it('pass over providers who are not active', async () => {
    bench.inactive.add(2);
    await expect(quote('m')).resolves.toMatchObject({ providerId: 1 });
    bench.inactive.clear();
  });

  it('are in another currency only where there is none in USD', async () => {
    await price(3, 'euro', 2 * USD, 'EUR');
    await expect(quote('euro')).resolves.toMatchObject({ currency: 'EUR', total: 2 * USD });
  });

  it('see one active price, whatever happens at the same time', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => price(5, 'raced', index)));
    const rows = await database().query<{ price_micros: number | string; is_active: boolean | number }>(
      `SELECT price_micros, is_active FROM provider_pricing WHERE model_name = 'raced'`,
    );
    expect(rows).toHaveLength(8);
    expect(rows.filter((row) => Boolean(row.is_active))).toHaveLength(1);
    await expect(bench.verify()).resolves.toEqual([]);
  });
});
