import { describe, expect, it } from '@jest/globals';
import { DeliverySlots } from '../../../src/webhooks/delivery-slots.js';

describe('slots of deliveries', () => {
  it('are half of the runners, and half of these for one user', () => {
    const slots = new DeliverySlots(8);
    const [first, second, third] = [slots.take(1), slots.take(1), slots.take(1)];
    expect([first, second].includes(null)).toBe(false);
    expect(third).toBeNull();
    expect(slots.take(2)).not.toBeNull();
    expect(slots.take(3)).not.toBeNull();
    expect(slots.take(4)).toBeNull();
    first?.();
    expect(slots.take(4)).not.toBeNull();
    expect(slots.take(1)).toBeNull();
  });

  it('are one where there is one runner', () => {
    const slots = new DeliverySlots(1);
    const only = slots.take(1);
    expect([only === null, slots.take(2)]).toEqual([false, null]);
    only?.();
    expect(slots.take(2)).not.toBeNull();
  });
});
