import { describe, expect, it } from '@jest/globals';
import { hideFolders } from '../../../libs/plugin-host/src/plugin-errors.js';

describe('hiding folders', () => {
  it.each([
    ['cannot read /home/desk/data/bars.csv now', 'cannot read bars.csv now'],
    ['"/srv/x.csv" and (/srv/y/z.csv)', '"x.csv" and (z.csv)'],
    ['C:\\data\\models\\m.onnx is gone', 'm.onnx is gone'],
    ['../data/x.csv, ./y.csv and data/deep/z.csv', 'x.csv, y.csv and z.csv'],
    ['at file:///srv/app/dist/x.js:1:2', 'at x.js:1:2'],
    ['csv_file=/srv/x.csv', 'csv_file=x.csv'],
  ])('cuts paths in %s', (text, hidden) => {
    expect(hideFolders(text)).toBe(hidden);
  });

  it.each([
    'https://query2.finance.yahoo.com/v8/finance/chart/MSFT',
    'BRK/B and EUR/USD',
    'entry/exit, and/or 1 / 2',
    'nothing to hide',
  ])('leaves %s alone', (text) => {
    expect(hideFolders(text)).toBe(text);
  });
});
