import { describe, expect, it } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { eventually, FakeClock, gate, partial } from '#libs/testing';
import type { ComputeAnswer, ComputedAnswer, OfferedOrder } from '../../../src/agent/compute-answer.js';
import {
  EvaluatorAgent,
  type AgentOptions,
  type AgentQueue,
  type AgentWork,
} from '../../../src/agent/evaluator-agent.js';
import type { OrderResult } from '../../../src/marketplace/marketplace.port.js';
import type {
  AnswerCommand,
  ClaimCommand,
  LeaseReference,
  ReleaseCommand,
} from '../../../src/marketplace/order-queue.port.js';

const RESULT: OrderResult = {
  predictions: [1],
  uncertainties: [0],
  confidenceIntervals: {},
  modelMetadata: {},
  processingLog: null,
  resourceUsage: null,
  qualityMetrics: null,
};
const ANSWER: ComputedAnswer = { result: RESULT, made: partial<ComputedAnswer['made']>({}) };
const offer = (id: string, predictorPlugin = 'random_walk_predictor'): OfferedOrder => ({
  id,
  modelName: predictorPlugin,
  symbol: 'EURUSD',
  interval: '1h',
  lookbackTicks: 100,
  predictionHorizon: 1,
  datetimeRequested: new Date(Date.UTC(2100, 0, 1)),
  predictionType: 'short_term',
  predictorPlugin,
  feederPlugin: 'default_feeder',
  pipelinePlugin: 'default_pipeline',
  customParameters: null,
});

const away = (detail: string, retryAfter?: string) =>
  new AppError('unavailable', detail, { ...(retryAfter && { headers: { 'Retry-After': retryAfter } }) });

/** A market whose every answer a spec decides. */
class ScriptedMarket implements AgentQueue, AgentWork {
  readonly said: string[] = [];
  open: OfferedOrder[] = [];
  onOffers: () => void = () => undefined;
  onClaim: (id: string) => boolean = () => true;
  onReport: () => void = () => undefined;
  onSubmit: () => void = () => undefined;

  constructor(private readonly clock: FakeClock) {}

  pending() {
    return this.#say('offers', () => {
      this.onOffers();
      return { orders: [...this.open] };
    });
  }

  claim(_: unknown, { orderId }: ClaimCommand) {
    return this.#say(`claim ${orderId}`, () => {
      if (!this.onClaim(orderId)) throw new AppError('not_found', 'somebody was faster');
      this.open = this.open.filter(({ id }) => id !== orderId);
      return { leaseEpoch: 1, timeoutAt: new Date(this.clock.now() + 1_800_000) };
    });
  }

  heartbeat(_: unknown, { orderId }: LeaseReference, { currentStep }: { currentStep?: string | null }) {
    return this.#say(`report ${orderId} ${currentStep}`, () => this.onReport());
  }

  submit(_: unknown, { orderId }: AnswerCommand) {
    return this.#say(`submit ${orderId}`, () => this.onSubmit());
  }

  release(_: unknown, { orderId, details }: ReleaseCommand) {
    return this.#say(`release ${orderId}: ${details}`, () => undefined);
  }

  #say<T>(word: string, work: () => T): Promise<T> {
    this.said.push(word);
    return new Promise((resolve) => resolve(work()));
  }
}

type Compute = ComputeAnswer['compute'];

function stage(options: Partial<AgentOptions> = {}, compute: Compute = () => Promise.resolve(ANSWER)) {
  const clock = new FakeClock();
  const market = new ScriptedMarket(clock);
  const answers = { knows: ({ modelName }: OfferedOrder) => modelName !== 'unknown', compute };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const agent = new EvaluatorAgent(
    market,
    market,
    answers as unknown as ComputeAnswer,
    { parallel: 1, idleMs: 5_000, heartbeatMs: 10_000, untilIdle: true, ...options },
    clock,
    silent,
  );
  return { clock, market, agent };
}

describe('the evaluator agent', () => {
  it('claims, computes and hands in, until there is nothing left', async () => {
    const { market, agent } = stage();
    market.open = [offer('a'), offer('b')];
    await agent.run();
    expect(market.said).toEqual(['offers', 'claim a', 'submit a', 'offers', 'claim b', 'submit b', 'offers']);
    expect(agent.figures).toEqual({ completed: 2, released: 0, lost: 0 });
  });

  it('goes on to the next order when somebody else was faster', async () => {
    const { market, agent } = stage();
    market.open = [offer('a'), offer('b')];
    market.onClaim = (id) => id === 'b';
    await agent.run();
    expect(market.said.slice(0, 4)).toEqual(['offers', 'claim a', 'claim b', 'submit b']);
  });

  it('leaves alone what it has no plugins for, and what another predictor is asked for', async () => {
    const { market, agent } = stage({ predictor: 'random_walk_predictor' });
    market.open = [offer('a', 'unknown'), offer('b', 'default_predictor'), offer('c')];
    await agent.run();
    expect(market.said.filter((word) => word.startsWith('claim'))).toEqual(['claim c']);
  });

  it('looks again at once when an order comes while it looks and does not see it', async () => {
    const { market, agent } = stage({ untilIdle: false });
    market.onOffers = () => {
      // The answer was read without it: it comes before the agent has that answer.
      queueMicrotask(() => {
        if (market.said.includes('claim a')) return;
        market.open = [offer('a')];
        agent.wake();
      });
    };
    const working = agent.run();
    await eventually('it is handed in', () => market.said.includes('submit a'));
    await agent.stop(0);
    await working;
    expect(market.said.slice(0, 4)).toEqual(['offers', 'offers', 'claim a', 'submit a']);
  });

  it('waits longer each time while the market is away, and as long as the market asks for', async () => {
    const { clock, market, agent } = stage();
    const asked: number[] = [];
    const faults = [away('refused'), away('refused'), away('429', '7')];
    market.onOffers = () => {
      asked.push(clock.monotonic());
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
    };
    const run = agent.run();
    await clock.advance(20_000);
    await run;
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(pauses).toHaveLength(3);
    expect(pauses[0]).toBeGreaterThanOrEqual(900);
    expect(pauses[0]).toBeLessThanOrEqual(1_100);
    expect(pauses[1]).toBeGreaterThanOrEqual(1_800);
    expect(pauses[1]).toBeLessThanOrEqual(2_200);
    expect(pauses[2]).toBe(7_000);
  });

  it('hands the same answer in again when its way was cut', async () => {
    const { clock, market, agent } = stage();
    market.open = [offer('a')];
    let cuts = 2;
    market.onSubmit = () => {
      if ((cuts -= 1) >= 0) throw away('socket hang up');
    };
    const run = agent.run();
    await clock.advance(10_000);
    await run;
    expect(market.said.filter((word) => word === 'submit a')).toHaveLength(3);
    expect(agent.figures).toEqual({ completed: 1, released: 0, lost: 0 });
  });

  it('says how far it is, and stops computing when its claim is gone', async () => {
    const { clock, market, agent } = stage({}, (_, { signal, progress }) => {
      progress(50, 'predict');
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    });
    market.open = [offer('a')];
    let words = 0;
    market.onReport = () => {
      if ((words += 1) === 2) throw new AppError('deadline_passed', 'the lease ran out');
    };
    const run = agent.run();
    await clock.advance(25_000);
    await run;
    expect(market.said.filter((word) => word.startsWith('report'))).toEqual([
      'report a predict',
      'report a predict',
    ]);
    expect(market.said.some((word) => /^(submit|release)/.test(word))).toBe(false);
    expect(agent.figures).toEqual({ completed: 0, released: 0, lost: 1 });
    expect(clock.pending).toBe(0);
  });

  it('gives back what it cannot compute, with a reason that tells nothing of the inside', async () => {
    const failures = [
      new AppError('unavailable', 'there are no bars of EURUSD', { code: 'no_data' }),
      new Error('ENOENT /home/somebody/model.keras'),
    ];
    const { market, agent } = stage({}, () => Promise.reject(failures.shift() ?? new Error('none left')));
    market.open = [offer('a'), offer('b')];
    await agent.run();
    expect(market.said.filter((word) => word.startsWith('release'))).toEqual([
      'release a: no_data: there are no bars of EURUSD',
      'release b: the computation failed',
    ]);
    expect(agent.figures).toEqual({ completed: 0, released: 2, lost: 0 });
  });

  it('gives back an order whose answer is refused', async () => {
    const { market, agent } = stage();
    market.open = [offer('a')];
    market.onSubmit = () => {
      throw new AppError('invalid', '422 predictions must be finite');
    };
    await agent.run();
    expect(market.said.at(-2)).toBe('release a: 422 predictions must be finite');
  });

  it('ends at once when the market refuses it for good', async () => {
    const { market, agent } = stage({ untilIdle: false });
    market.onOffers = () => {
      throw new AppError('unauthorized', '401 Invalid API key');
    };
    await expect(agent.run()).rejects.toThrow('401 Invalid API key');
  });

  it('finishes what it computes when it is stopped, and claims nothing more', async () => {
    const answer = gate();
    const { clock, market, agent } = stage({ untilIdle: false }, async () => {
      await answer.opened;
      return ANSWER;
    });
    market.open = [offer('a'), offer('b')];
    const run = agent.run();
    await clock.advance(0);
    const stopped = agent.stop(30_000);
    answer.open();
    await stopped;
    await run;
    expect(market.said).toEqual(['offers', 'claim a', 'submit a']);
    expect(clock.pending).toBe(0);
  });

  it('gives back what takes longer than the grace of a stop', async () => {
    const { clock, market, agent } = stage({ untilIdle: false }, (_, { signal }) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    });
    market.open = [offer('a')];
    const run = agent.run();
    await clock.advance(0);
    const stopped = agent.stop(30_000);
    await clock.advance(30_000);
    await stopped;
    await run;
    expect(market.said.at(-1)).toBe('release a: the evaluator was stopped');
  });

  it('looks again at once when it is woken', async () => {
    const { clock, market, agent } = stage({ untilIdle: false });
    const run = agent.run();
    await clock.advance(1_000);
    expect(market.said).toEqual(['offers']);
    market.open = [offer('a')];
    agent.wake();
    await clock.advance(0);
    expect(market.said).toEqual(['offers', 'offers', 'claim a', 'submit a', 'offers']);
    await agent.stop(0);
    await run;
  });
});
