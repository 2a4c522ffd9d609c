import { eventually, gate } from '#libs/testing';
import type { MessageEvent } from '@nestjs/common';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Subscription } from 'rxjs';
import { actor, PredictionBench } from './prediction-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

const OWNER = actor(1);
const HEARTBEAT_MS = 15_000;

interface Stream {
  readonly messages: MessageEvent[];
  readonly subscription: Subscription;
  /** Resolves when the server ends the stream. */
  readonly ended: Promise<void>;
}

describeOnDatabases('following a prediction', (database) => {
  let bench: PredictionBench;
  const open: Subscription[] = [];
  beforeEach(async () => {
    bench = await PredictionBench.open(database());
  });
  afterEach(async () => {
    for (const subscription of open.splice(0)) subscription.unsubscribe();
    await bench.clear();
  });

  async function follow(id: number, lastEventId?: string): Promise<Stream> {
    const messages: MessageEvent[] = [];
    const events = await bench.events.follow(id, OWNER, lastEventId);
    const { opened: ended, open: end } = gate();
    const subscription = events.subscribe({ next: (message) => messages.push(message), complete: end });
    open.push(subscription);
    return { messages, subscription, ended };
  }

  const typesOf = ({ messages }: Stream) => messages.map(({ type }) => type);
  const idsOf = ({ messages }: Stream) => messages.map(({ id }) => Number(id));
  const untilMessages = (stream: Stream, count: number) =>
    eventually(`${count} messages came`, () => stream.messages.length >= count);

  function heldForecast(): () => void {
    const { opened, open: proceed } = gate();
    const answer = bench.script.forecast;
    bench.script.forecast = async (frame, request) => {
      await opened;
      return answer(frame, request);
    };
    return proceed;
  }

  it('tells each step once, in order, with rising ids, and ends after the last', async () => {
    const proceed = heldForecast();
    const { id } = await bench.submit();
    const stream = await follow(id);
    await untilMessages(stream, 1);
    await bench.engine.start();
    await untilMessages(stream, 2);
    expect(typesOf(stream)).toEqual(['pending', 'processing']);
    proceed();
    await stream.ended;
    expect(typesOf(stream)).toEqual(['pending', 'processing', 'completed']);
    expect(idsOf(stream)).toEqual([...idsOf(stream)].sort((a, b) => a - b));
    expect(new Set(idsOf(stream)).size).toBe(3);
    expect(stream.messages[0]?.data).toEqual({
      prediction_id: id,
      status: 'pending',
      at: new Date(bench.clock.now()).toISOString(),
    });
    expect(stream.messages[2]?.data).toMatchObject({
      status: 'completed',
      prediction: { id, status: 'completed', result: { prediction: [110], uncertainty: [0.1] } },
    });
  });

  it('goes on after the last event that a client saw', async () => {
    const { id } = await bench.submit();
    await bench.engine.start();
    await bench.until(id, 'completed');
    const all = await follow(id);
    await all.ended;
    const [first, second, third] = idsOf(all);
    const resumed = await follow(id, String(first));
    await resumed.ended;
    expect(resumed.messages).toEqual(all.messages.slice(1));
    const last = await follow(id, String(second));
    await last.ended;
    expect(last.messages).toEqual(all.messages.slice(2));
    const none = await follow(id, String(third));
    await none.ended;
    expect(none.messages).toEqual([]);
  });

  it('begins at the beginning for an id that is none of ours', async () => {
    const { id } = await bench.submit();
    for (const foreign of ['', 'abc', '-1', '1'.repeat(16)]) {
      const stream = await follow(id, foreign);
      await untilMessages(stream, 1);
      expect(typesOf(stream)).toEqual(['pending']);
    }
  });

  it('hears of a change without looking, and looks now and then for those of other processes', async () => {
    const proceed = heldForecast();
    const { id } = await bench.submit();
    const stream = await follow(id);
    await untilMessages(stream, 1);
    await bench.engine.start();
    await untilMessages(stream, 2); // the fake clock stands still: only the wake-up can have told
    const elsewhere = await PredictionBench.open(database());
    await elsewhere.run(async (tx) => elsewhere.repository.markProcessing(tx, id, new Date()));
    await bench.clock.advance(500);
    await untilMessages(stream, 3);
    proceed();
    await stream.ended;
  });

  it('tells of an end that falls between its two looks at the database', async () => {
    const { id } = await bench.submit();
    const { repository } = bench;
    const stepsAfter = repository.stepsAfter.bind(repository);
    let looked = 0;
    repository.stepsAfter = async (...asked) => {
      const steps = await stepsAfter(...asked);
      looked += 1;
      if (looked === 2) {
        const { result } = (await bench.row(id)) as NonNullable<Awaited<ReturnType<typeof bench.row>>>;
        await bench.run(async (tx) => repository.finish(tx, id, 'failed', result, new Date()));
      }
      return steps;
    };
    const stream = await follow(id);
    await untilMessages(stream, 1);
    await bench.clock.advance(1_000);
    await stream.ended;
    expect(typesOf(stream)).toEqual(['pending', 'failed']);
  });

  it('sends a comment when nothing happens for a while', async () => {
    const { id } = await bench.submit();
    const stream = await follow(id);
    await untilMessages(stream, 1);
    await bench.clock.advance(HEARTBEAT_MS - 1_000);
    expect(stream.messages).toHaveLength(1);
    await eventually('a comment came', async () => {
      await bench.clock.advance(500);
      return stream.messages.length > 1;
    });
    expect(stream.messages[1]).toEqual({ comment: 'still waiting' });
  });

  it('ends when the prediction is deleted', async () => {
    const { id } = await bench.submit();
    const stream = await follow(id);
    await untilMessages(stream, 1);
    await bench.deleting.one(id, OWNER);
    await eventually('the deletion was told', () => stream.messages.length === 2);
    await bench.clock.advance(500);
    await stream.ended;
    expect(typesOf(stream)).toEqual(['pending', 'deleted']);
  });

  it('refuses before the stream begins', async () => {
    const { id } = await bench.submit();
    await expect(bench.events.follow(id + 1, OWNER)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.events.follow(id, actor(2))).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(bench.events.follow(id, null)).rejects.toMatchObject({ kind: 'forbidden' });
  });

  it('leaves nothing behind when the client goes away', async () => {
    const { id } = await bench.submit();
    const before = bench.clock.pending;
    const stream = await follow(id);
    await untilMessages(stream, 1);
    await eventually('it waits', () => bench.clock.pending === before + 1);
    stream.subscription.unsubscribe();
    await eventually('it let go', () => bench.clock.pending === before);
  });
});
