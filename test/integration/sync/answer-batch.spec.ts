import { describe, expect, it } from '@jest/globals';
import { RawText, type RequestContext } from '#libs/http';
import { AppError, runInContext, type Clock } from '#libs/kernel';
import type { ConfiguredPredictor } from '#libs/plugin-host';
import type { EntryAnswer, EntryQuestion } from '#libs/plugin-sdk';
import { configOf, partial } from '#libs/testing';
import { AnswerBatch } from '../../../src/sync/answer-batch.service.js';
import { SyncAnswers } from '../../../src/sync/sync-answers.service.js';

type Entry = (question: EntryQuestion) => EntryAnswer | Promise<EntryAnswer>;

const said = (barsRemaining: number): EntryAnswer => ({
  buy: 1,
  sell: 0,
  barsRemaining,
  buyConfidence: 1,
  sellConfidence: 0.25,
});
const text = (bars: number) =>
  `{"buy_entry_binary":1,"sell_entry_binary":0,"bars_remaining":${bars},"buy_confidence":1.0,"sell_confidence":0.25}`;
const ask = (tp: unknown, datetime = '10.01.2024 08:00:00.000') => ({ datetime, tp });

/** A clock that a test turns; each look takes as long as the test says. */
class LookClock {
  looks = 0;
  constructor(private readonly perLookMs: number) {}
  monotonic(): number {
    this.looks += 1;
    return this.looks * this.perLookMs;
  }
}

function batchOf(entry: Entry, { clock = new LookClock(0), max_batch_rows = 1000 } = {}) {
  const handle = { id: 'stub', looksAhead: false, has: () => true, entry };
  const batch = new AnswerBatch(
    new SyncAnswers(partial<ConfiguredPredictor>(handle)),
    partial<Clock>(clock),
    configOf({ max_batch_rows }),
  );
  const context = { requestId: 'r-1', path: '/api/v1/predict/entry/batch' } as RequestContext;
  return async (body: unknown) => {
    const { contentType, body: bytes } = await runInContext(context, () => batch.entry(body));
    return { contentType, text: bytes.toString() };
  };
}
const lines = (...rows: string[]) => new RawText(rows.join('\n'), 'application/x-ndjson');

describe('a batch of entry questions', () => {
  it('answers an array in its order, byte for byte as the single answers', async () => {
    const run = batchOf(({ takeProfitPips }) => said(takeProfitPips));
    expect(await run([ask(3), ask(1), ask(2)])).toEqual({
      contentType: 'application/json; charset=utf-8',
      text: `[${text(3)},${text(1)},${text(2)}]`,
    });
  });

  it('answers lines with lines, blank ones left out', async () => {
    const run = batchOf(({ takeProfitPips }) => said(takeProfitPips));
    const body = lines(JSON.stringify(ask(3)), '', `${JSON.stringify(ask(1))}\r`, '');
    expect(await run(body)).toEqual({
      contentType: 'application/x-ndjson; charset=utf-8',
      text: `${text(3)}\n${text(1)}\n`,
    });
  });

  it('answers nothing with nothing', async () => {
    const run = batchOf(() => said(1));
    expect((await run([])).text).toBe('[]');
    expect((await run(lines(''))).text).toBe('');
  });

  it('puts the problem of a bad row in its place and serves the others', async () => {
    const run = batchOf(({ takeProfitPips }) => {
      if (takeProfitPips === 404) throw new AppError('not_found', 'there is no bar', { code: 'no_data' });
      if (takeProfitPips === 500) throw new AppError('internal', 'Plugin stub failed at /secret/path');
      return said(takeProfitPips);
    });
    const rows = [ask(1), ask('x'), ask(2, 'soon'), 7, ask(404), ask(500), ask(Infinity), ask(8)];
    const answers = JSON.parse((await run(rows)).text) as Record<string, Record<string, unknown>>[];
    expect(answers.map((answer) => answer['error']?.['status'] ?? answer['bars_remaining'])).toEqual([
      1, 422, 400, 422, 404, 500, 422, 8,
    ]);
    expect(answers[1]).toEqual({
      error: {
        type: 'urn:prediction-provider:problem:invalid',
        title: 'Unprocessable Content',
        status: 422,
        detail: [
          {
            type: 'float_parsing',
            loc: ['body', 'tp'],
            msg: 'Input should be a valid number, unable to parse string as a number',
            input: 'x',
          },
        ],
        instance: '/api/v1/predict/entry/batch',
        request_id: 'r-1',
      },
    });
    expect(answers[2]?.['error']?.['detail']).toBe('Invalid timestamp format: soon');
    expect(answers[5]?.['error']?.['detail']).toBe('Internal Server Error');
    expect(answers[6]?.['error']?.['detail']).toMatchObject([{ type: 'finite_number' }]);
  });

  it('refuses a line that is not JSON in its place', async () => {
    const run = batchOf(({ takeProfitPips }) => said(takeProfitPips));
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const body = lines('{"datetime":', deep, JSON.stringify(ask(2)));
    const [cut, nested, good] = (await run(body)).text.split('\n');
    for (const bad of [cut, nested]) {
      expect(JSON.parse(bad ?? '')).toMatchObject({
        error: { status: 422, detail: [{ type: 'json_invalid', loc: ['body', 0] }] },
      });
    }
    expect(good).toBe(text(2));
  });

  it.each<[string, unknown, object]>([
    ['no body', undefined, { type: 'missing', loc: ['body'] }],
    ['an object', ask(1), { type: 'list_type', loc: ['body'] }],
    ['other text', new RawText('[]', 'text/plain'), { type: 'list_type', loc: ['body'] }],
    ['too many rows', [1, 2, 3], { type: 'too_long', ctx: { max_length: 2, actual_length: 3 } }],
    ['too many lines', lines('1', '2', '3'), { type: 'too_long', ctx: { max_length: 2, actual_length: 3 } }],
  ])('refuses %s as a whole', async (_, body, violation) => {
    const run = batchOf(() => said(1), { max_batch_rows: 2 });
    await expect(run(body)).rejects.toMatchObject({ kind: 'invalid', violations: [violation] });
  });

  it('refuses as a whole what the predictor does not have', async () => {
    const run = batchOf(() => {
      throw new AppError('unsupported', 'Predictor stub does not offer entry');
    });
    await expect(run([ask(1)])).rejects.toMatchObject({ kind: 'unsupported' });
  });

  it('does not hide a fault of the program in a row', async () => {
    const run = batchOf(() => {
      throw new TypeError('undefined is not a function');
    });
    await expect(run([ask(1)])).rejects.toThrow(TypeError);
    await expect(run([])).resolves.toMatchObject({ text: '[]' });
  });

  it('asks a predictor that answers with promises in order, and answers in order whichever comes first', async () => {
    const asked: number[] = [];
    const come: (() => void)[] = [];
    const run = batchOf(({ takeProfitPips }) => {
      asked.push(takeProfitPips);
      if (takeProfitPips === 2) return said(2);
      const answer = new Promise<EntryAnswer>((resolve) => come.push(() => resolve(said(takeProfitPips))));
      if (asked.length === 4) for (const one of come.toReversed()) one();
      return answer;
    });
    expect((await run([ask(3), ask(1), ask(2), ask(4)])).text).toBe(
      `[${text(3)},${text(1)},${text(2)},${text(4)}]`,
    );
    expect(asked).toEqual([3, 1, 2, 4]);
  });

  it('has at most 64 promised answers open, and goes on when the oldest have come', async () => {
    const waiting: (() => void)[] = [];
    let open = 0;
    let most = 0;
    const run = batchOf(({ takeProfitPips }) => {
      most = Math.max(most, (open += 1));
      // Answers come only when the batch waits for them: after the 64th, and with the last row.
      const answer = new Promise<EntryAnswer>((resolve) =>
        waiting.push(() => {
          open -= 1;
          resolve(said(takeProfitPips));
        }),
      );
      if (waiting.length >= 64 || takeProfitPips === 199) {
        setImmediate(() => waiting.splice(0).forEach((come) => come()));
      }
      return answer;
    });
    const rows = Array.from({ length: 200 }, (_, row) => ask(row));
    const answers = JSON.parse((await run(rows)).text) as { bars_remaining: number }[];
    expect(answers.map((answer) => answer.bars_remaining)).toEqual(rows.map((_, row) => row));
    expect(most).toBe(64);
  });

  it('puts a promised problem in its place, and does not hide a promised fault of the program', async () => {
    const refusing = (error: Error) =>
      batchOf(async ({ takeProfitPips }) => {
        await Promise.resolve();
        if (takeProfitPips === 2) throw error;
        return said(takeProfitPips);
      });
    const missing = new AppError('not_found', 'there is no bar', { code: 'no_data' });
    const { text: answer } = await refusing(missing)([ask(1), ask(2), ask(3)]);
    expect(answer.startsWith(`[${text(1)},{"error":{`)).toBe(true);
    expect(answer.endsWith(`}},${text(3)}]`)).toBe(true);
    await expect(refusing(new TypeError('x is undefined'))([ask(2), ask(2)])).rejects.toThrow(TypeError);
  });

  it('lets other work in between its slices', async () => {
    const rows = Array.from({ length: 640 }, (_, row) => ask(row));
    let turns = 0;
    let running = true;
    const tick = () => {
      turns += 1;
      if (running) setImmediate(tick);
    };
    setImmediate(tick);
    // Each look at the clock takes more than a slice: the batch pauses at every look, 20 times.
    const run = batchOf(() => said(1), { clock: new LookClock(6) });
    const { text: answer } = await run(rows);
    running = false;
    expect(JSON.parse(answer)).toHaveLength(640);
    expect(turns).toBeGreaterThanOrEqual(19);
  });

  it('runs batches one after another, so that each draws one unbroken stretch of noise', async () => {
    const asked: number[] = [];
    const run = batchOf(
      ({ takeProfitPips }) => {
        asked.push(takeProfitPips);
        return said(1);
      },
      { clock: new LookClock(6) },
    );
    const rows = (value: number) => Array.from({ length: 200 }, () => ask(value));
    await Promise.all([run(rows(1)), run(rows(2)), run(rows(3))]);
    expect(asked.filter((value, index) => value !== asked[index - 1])).toEqual([1, 2, 3]);
  });
});
