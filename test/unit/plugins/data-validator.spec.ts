import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createPlugin, type Feeder, feederConformance } from '#libs/plugin-sdk';
import dataValidator from '../../../libs/plugins/src/feeders/data-validator.js';
import { barFolder, barLines } from './bar-files.js';
import { conform } from './conform.js';

const files = barFolder();
files.write('good.csv', barLines(100));
files.write('twice.csv', [...barLines(100), ...barLines(1)]);

const open = (parameters: Readonly<Record<string, unknown>> = {}): Promise<Feeder> =>
  createPlugin(
    dataValidator,
    { data_source: 'file', data_files: { EURUSD: 'good.csv', TWICE: 'twice.csv' }, ...parameters },
    { resolveFile: (path) => resolve(files.folder, path), clock: files.clock },
  );
const ask = async (feeder: Feeder, symbol = 'EURUSD'): Promise<readonly string[]> => {
  const frame = await feeder.fetch({ symbol, interval: '1h' });
  return feeder.notes?.(frame) ?? [];
};
const validation = (feeder: Feeder): unknown => feeder.info?.()['validation'];

describe('data_validator', () => {
  describe('keeps the contract of feeders', () => {
    conform(
      feederConformance({
        definition: dataValidator as never,
        create: () => open(),
        request: { symbol: 'EURUSD', interval: '1h' },
        unknownSymbol: 'GBPUSD',
      }),
    );
  });

  it('hands over bars that pass, and shows what was checked', async () => {
    const feeder = await open({ expect_columns: ['OPEN', 'CLOSE'], reference_csv: 'good.csv' });
    expect((await ask(feeder)).filter((note) => note.startsWith('validation'))).toEqual([]);
    expect(validation(feeder)).toMatchObject({
      validation_passed: true,
      total_common_dates: 100,
      columns_off: [],
    });
  });

  it.each([
    ['a column is missing', { expect_columns: ['OPEN', 'SPREAD'] }, /columns: missing SPREAD; there are/],
    ['they begin too late', { expect_from: '2000-01-01' }, /begins: first bar/],
    ['they end too early', { expect_to: '2100-01-01' }, /ends: last bar/],
  ])('fails the question where %s, or notes it', async (_, rules, words) => {
    await expect(ask(await open(rules))).rejects.toMatchObject({
      code: 'no_data',
      message: expect.stringMatching(words),
    });
    const noting = await open({ ...rules, on_fault: 'note' });
    expect((await ask(noting)).join('\n')).toMatch(words);
    expect(validation(noting)).toMatchObject({ validation_passed: false });
  });

  it('compares with a reference', async () => {
    const off = barLines(100).map((line, row) => (row === 40 ? line.replaceAll(/,[\d.]+/g, ',9') : line));
    files.write('reference.csv', off);
    await expect(ask(await open({ reference_csv: 'reference.csv' }))).rejects.toMatchObject({
      message: expect.stringMatching(/differs from reference\.csv: OPEN by /),
    });
  });

  it('refuses bars of one time', async () => {
    await expect(ask(await open(), 'TWICE')).rejects.toMatchObject({
      message: expect.stringMatching(/duplicates: 1 times stand twice/),
    });
  });

  it('does not start with a time that is none', async () => {
    await expect(open({ expect_from: 'soon' })).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringMatching(/expect_from: must be a time such as/),
    });
  });
});
