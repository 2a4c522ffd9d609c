import { expect, it } from '@jest/globals';
import { noSums, type KeyedSums } from '../../../src/outcomes/score-sums.js';
import { ScoresRepository } from '../../../src/outcomes/scores.repository.js';
import { describeOnDatabases } from '../../harness/databases.js';

const day = (on: string, horizon: number, sums: Partial<KeyedSums['sums']>): KeyedSums => ({
  key: { subject: 'model:kept', horizon, day: on, symbol: 'SP500', interval: '1d' },
  sums: { ...noSums(), ...sums },
});

describeOnDatabases('kept scores', (database) => {
  it('add up by day, and are found by subject, horizon and range', async () => {
    const scores = new ScoresRepository(database().database);
    const first = [
      day('2026-01-05', 0, {
        outcomes: 2,
        scored: 2,
        loss: 1.5,
        baselineLoss: 2,
        covered90: 1,
        stated90: 2,
        pit3: 1,
      }),
      day('2026-01-06', 0, { outcomes: 1, scored: 1, loss: 0.25, baselineLoss: 0.5 }),
      day('2026-01-05', 3, { outcomes: 1 }),
    ];
    await database().run((tx) => scores.add(tx, first));
    await database().run((tx) => scores.add(tx, [day('2026-01-05', 0, { outcomes: 1, loss: 0.5, pit3: 2 })]));
    const range = { subject: 'model:kept', horizon: 0, from: '2026-01-05', to: '2026-01-05' };
    expect(await scores.days(range)).toMatchObject([
      {
        day: '2026-01-05',
        outcomes: 3,
        scored: 2,
        loss: 2,
        baselineLoss: 2,
        covered90: 1,
        stated90: 2,
        pit3: 3,
      },
    ]);
    expect(await scores.days({ ...range, to: '2026-01-31', symbol: 'SP500', interval: '1d' })).toHaveLength(
      2,
    );
    expect(await scores.days({ ...range, horizon: 3 })).toMatchObject([{ outcomes: 1, loss: 0 }]);
    expect(await scores.days({ ...range, symbol: 'EURUSD' })).toEqual([]);
  });

  it('say where models stand, the best first, those without a quality not at all', async () => {
    const scores = new ScoresRepository(database().database);
    const updatedAt = new Date(Date.UTC(2026, 0, 31));
    const stand = (name: string, quality: number | null) =>
      database().run(async (tx) =>
        scores.setStanding(tx, {
          subject: `model:${name}`,
          kind: 'model',
          outcomes: 50,
          effectiveCount: 12.5,
          skill: 0.1,
          skillLower: -0.05,
          quality,
          onTimeRate: null,
          reputation: null,
          trend: null,
          updatedAt,
        }),
      );
    await stand('a', 0.2);
    await stand('b', 0.1);
    await stand('c', null);
    await stand('b', 0.3);
    const best = await scores.best('model', 10);
    expect(best.map(({ subject, quality }) => [subject, quality])).toEqual([
      ['model:b', 0.3],
      ['model:a', 0.2],
    ]);
    expect(await scores.standing('model:c')).toMatchObject({
      quality: null,
      effectiveCount: 12.5,
      updatedAt,
    });
  });
});
