import { FakeClock } from '#libs/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DeliverySlots, PATIENCE_MS } from '../../../src/webhooks/delivery-slots.js';

describe('slots of deliveries', () => {
  let clock: FakeClock;
  let slots: DeliverySlots;
  beforeEach(() => {
    clock = new FakeClock();
    slots = new DeliverySlots(8, clock);
  });
  /** Asks for a slot; `state` tells what came of it so far. */
  const ask = (userId: number, of = slots) => {
    const asked = { state: 'waits', giveBack: (): void => undefined };
    void of.take(userId).then((slot) => {
      asked.state = slot === null ? 'none' : 'taken';
      asked.giveBack = slot ?? asked.giveBack;
    });
    return asked;
  };
  const states = async (...asked: { readonly state: string }[]): Promise<string[]> => {
    await clock.advance(0);
    return asked.map(({ state }) => state);
  };

  it('are half of the runners, and half of these for one user', async () => {
    const asked = [1, 1, 1, 2, 3, 4].map((userId) => ask(userId));
    expect(await states(...asked)).toEqual(['taken', 'taken', 'waits', 'taken', 'taken', 'waits']);
  });

  it('go to whoever waits, first come, first served', async () => {
    const [first, second, third, fourth] = [ask(1), ask(1), ask(1), ask(1)];
    expect(await states(third, fourth)).toEqual(['waits', 'waits']);
    second.giveBack();
    expect(await states(third, fourth)).toEqual(['taken', 'waits']);
    first.giveBack();
    expect(await states(fourth)).toEqual(['taken']);
    expect(clock.pending).toBe(0);
  });

  it('that come free for one user go past another who has enough', async () => {
    const [own, , waiting] = [ask(1), ask(1), ask(1)];
    const [other, , late] = [ask(2), ask(2), ask(3)];
    expect(await states(waiting, late)).toEqual(['waits', 'waits']);
    other.giveBack();
    expect(await states(waiting, late)).toEqual(['waits', 'taken']);
    own.giveBack();
    expect(await states(waiting)).toEqual(['taken']);
  });

  it('are not waited for beyond patience, and not at all when they have been held that long', async () => {
    const held = [ask(1), ask(1)];
    const waiting = ask(1);
    await clock.advance(PATIENCE_MS);
    expect(await states(waiting, ask(2))).toEqual(['none', 'taken']);
    await clock.advance(1);
    expect(await states(ask(1))).toEqual(['none']);
    for (const { giveBack } of held) giveBack();
    expect(await states(ask(1))).toEqual(['taken']);
    expect(clock.pending).toBe(0);
  });

  it('are one where there is one runner', async () => {
    const single = new DeliverySlots(1, clock);
    const [first, second] = [ask(1, single), ask(2, single)];
    expect(await states(first, second)).toEqual(['taken', 'waits']);
    first.giveBack();
    expect(await states(second)).toEqual(['taken']);
  });
});
