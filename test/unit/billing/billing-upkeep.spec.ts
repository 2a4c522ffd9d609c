import { FakeClock } from '#libs/testing';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BillingUpkeep, type ExpireCredits } from '../../../src/billing/billing-upkeep.service.js';
import type { IssueInvoices } from '../../../src/billing/issue-invoices.service.js';
import type { Month } from '../../../src/billing/invoice.repository.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the upkeep of billing', () => {
  let done: string[];
  let clock: FakeClock;
  let upkeep: BillingUpkeep;
  let expireAll: () => Promise<void>;

  beforeEach(() => {
    done = [];
    clock = new FakeClock(Date.UTC(2026, 2, 1, 0, 30));
    expireAll = async () => void done.push('expire');
    const invoices = {
      isClosed: ({ end }: Month) => clock.now() >= end.getTime() + HOUR,
      issue: async ({ start }: Month) => {
        done.push(start.toISOString().slice(0, 7));
        return 0;
      },
    };
    upkeep = new BillingUpkeep(
      { expireAll: () => expireAll() } as ExpireCredits,
      invoices as unknown as IssueInvoices,
      clock,
    );
    upkeep.onApplicationBootstrap();
  });
  afterEach(() => {
    upkeep.onApplicationShutdown();
    expect(clock.pending).toBe(0);
  });

  it('begins a minute after the start and invoices closed months only', async () => {
    await clock.advance(MINUTE);
    expect(done).toEqual(['expire', '2025-12', '2026-01']);
    done.length = 0;
    await clock.advance(HOUR);
    expect(done).toEqual(['expire', '2025-12', '2026-01', '2026-02']);
  });

  it('tells of a failure and goes on', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    const failure = new Error('no database');
    expireAll = async () => {
      throw failure;
    };
    await clock.advance(MINUTE);
    expect(logged.mock.calls).toEqual([[failure]]);
    expireAll = async () => void done.push('expire');
    await clock.advance(HOUR);
    expect(done[0]).toBe('expire');
    logged.mockRestore();
  });
});
