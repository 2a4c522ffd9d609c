import { describe, expect, it } from '@jest/globals';
import { IntegerField, ListField, longJson, MoneyField, NestedField, StringField, toWire } from '#libs/http';

class Leg {
  @StringField({ maxLength: 12 }) legName!: string;
  @MoneyField({ min: 0, max: 1_000, nullable: true }) legFee!: number | null;
}

class Trades {
  @ListField(NestedField(Leg)) legs!: readonly Leg[];
  @IntegerField() total!: number;
  @ListField(StringField(), { optional: true }) names?: readonly string[];
}

describe('long answers', () => {
  const legs = Array.from({ length: 250 }, (_, index) => ({ legName: `é${index}`, legFee: index * 500_000 }));
  const trades: Trades = { legs, total: 250, names: ['a', 'b'] };

  it('are the same text as short ones', async () => {
    expect(String(await longJson(Trades, trades))).toBe(JSON.stringify(toWire(Trades, trades)));
    expect(String(await longJson(Leg, legs))).toBe(JSON.stringify(legs.map((leg) => toWire(Leg, leg))));
    expect(String(await longJson(null, legs))).toBe(JSON.stringify(legs));
    const names = Array.from({ length: 101 }, (_, index) => `name "${index}"`);
    const named = { legs: [], total: 0, names };
    expect(String(await longJson(Trades, named))).toBe(JSON.stringify(named));
  });

  it('let others have their turn in between', async () => {
    let turns = 0;
    let isOver = false;
    const next = (): void => {
      turns += 1;
      if (!isOver) setImmediate(next);
    };
    next();
    await longJson(Trades, trades);
    isOver = true;
    expect(turns).toBeGreaterThan(2);
  });

  it('are only those with more items than a turn takes', () => {
    expect(longJson(Trades, { ...trades, legs: legs.slice(0, 100) })).toBeNull();
    expect(longJson(null, trades)).toBeNull();
    expect(longJson(Leg, { legName: 'x', legFee: 1 })).toBeNull();
  });
});
