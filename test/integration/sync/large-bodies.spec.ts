import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { AppError } from '#libs/kernel';
import { parseJsonText, parseJsonList } from '../../../src/app/http/json-text.js';

const filler = `"${'x'.repeat(1000)}"`;
/** A list text of at least two pieces around what is given. */
const large = (middle: string, end = ']') =>
  `[${Array(200).fill(filler).join(',')},${middle},${Array(200).fill(filler).join(',')}${end}`;

const outcome = async (parse: () => unknown): Promise<unknown> => {
  try {
    return { value: await parse() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { violations: error.violations };
  }
};

describe('a large JSON list, parsed in pieces', () => {
  it.each([
    ['objects', large('{"a":[1,{"b":"]},["}]}')],
    ['escaped quotes', large(String.raw`"\\\"],[",{"\"":1}`)],
    ['blanks around it', ` \n${large('1')}\t `],
    ['a key that sets prototypes', large('{"__proto__":{"x":1},"y":2}')],
    ['an element larger than a piece', large(`"${'y'.repeat(300_000)}"`)],
    ['an empty list', `[${' '.repeat(300_000)}]`],
    ['another value', `{"a":${large('1')}}`],
    ['a comma too many at the end', large('1', ',]')],
    ['a comma too many inside', large('1,,2')],
    ['a missing comma', large('1 2')],
    ['no end', large('1', '')],
    ['no end after a comma', large('1', ',')],
    ['a wrong end', large('1', '}')],
    ['a wrong bracket inside', large('{"a":1]')],
    ['something after the end', `${large('1')} x`],
    ['an open string', large('"open').slice(0, -3)],
    ['no JSON', large('nope')],
    ['too deep a nesting', large('['.repeat(70) + ']'.repeat(70))],
  ])('gives what a parse at once gives: %s', async (_, text) => {
    expect(await outcome(() => parseJsonList(text))).toEqual(await outcome(() => parseJsonText(text)));
  });

  it('gives what a parse at once gives, wherever a text is damaged', async () => {
    const note = 'row "[{,"'.repeat(100);
    const rows = Array.from({ length: 250 }, (_, row) => ({ note, tp: row, list: [row] }));
    const text = JSON.stringify(rows);
    expect(text.length).toBeGreaterThan(250_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: text.length - 1 }),
        fc.constantFrom('', '"', ',', '[', ']', '{', '}', '\\', ' ', '0'),
        async (at, instead) => {
          const damaged = text.slice(0, at) + instead + text.slice(at + 1);
          expect(await outcome(() => parseJsonList(damaged))).toEqual(
            await outcome(() => parseJsonText(damaged)),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('lets other work in', async () => {
    let turns = 0;
    let running = true;
    const tick = () => {
      turns += 1;
      if (running) setImmediate(tick);
    };
    setImmediate(tick);
    await parseJsonList(`[${Array(2000).fill(filler).join(',')}]`);
    running = false;
    expect(turns).toBeGreaterThanOrEqual(10);
  });
});
