import { describe, expect, it } from '@jest/globals';
import type { RowActivity } from '#libs/database';
import { jointActivity, jointCounts } from '../../../src/admin/statistics.service.js';

const NOTHING: RowActivity = {
  created: 0,
  createdAndCompleted: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  meanProcessingMs: null,
  meanWaitMs: null,
};
const SOME: RowActivity = {
  created: 4,
  createdAndCompleted: 3,
  completed: 3,
  failed: 1,
  cancelled: 2,
  meanProcessingMs: 100,
  meanWaitMs: 10,
};

describe('figures of two tables', () => {
  it('add up, and means weigh as much as was completed', () => {
    const other = {
      ...SOME,
      created: 1,
      createdAndCompleted: 1,
      completed: 1,
      failed: 0,
      meanProcessingMs: 500,
    };
    expect(jointActivity(SOME, other)).toEqual({
      created: 5,
      createdAndCompleted: 4,
      completed: 4,
      failed: 1,
      cancelled: 4,
      meanProcessingMs: 200,
      meanWaitMs: 10,
    });
  });

  it('are those of the one where the other has none', () => {
    expect(jointActivity(SOME, NOTHING)).toEqual(SOME);
    expect(jointActivity(NOTHING, SOME)).toEqual(SOME);
    expect(jointActivity(NOTHING, NOTHING)).toEqual(NOTHING);
  });

  it('name what was counted only', () => {
    expect(jointCounts({ pending: 1, failed: 0 }, { pending: 2, cancelled: 1, completed: 0 })).toEqual({
      pending: 3,
      cancelled: 1,
    });
  });
});
