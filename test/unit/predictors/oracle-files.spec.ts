import { afterAll, describe, expect, it } from '@jest/globals';
import binary, {
  type BinaryIdealOracle,
} from '../../../libs/plugins/src/predictors/oracle/binary-ideal-oracle.js';
import { at, createPredictor, entryAt, scratchFolder } from './predictor-context.js';

const folder = scratchFolder();
afterAll(() => folder.remove());

const binaryOracle = (given = {}) =>
  createPredictor<BinaryIdealOracle, typeof binary.parameters>(binary, given);

describe('the oracles', () => {
  it('read the files of traders with the settings of the feeder', async () => {
    const path = folder.write(
      'mt4.csv',
      '2024.01.10,08:00,1,1,1,1,9\n2024.01.10,09:00,1,2,1,2,9\n2024.01.10,10:00,2,3,2,3,9\n',
    );
    const oracle = await binaryOracle({ csv_file: path, data_timezone: '+02:00' });
    expect(oracle.entry(entryAt('2024-01-10 07:00', 1, 1)).matchedTime).toBe(at('2024-01-10 07:00'));
    await expect(binaryOracle({ csv_file: path, columns: { CLOSE: 'Last' } })).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringContaining('csv_file: mt4.csv has no column "Last"'),
    });
  });

  it('refuse a question about a bar that has no prices, and answer about the others', async () => {
    const path = folder.write(
      'null.csv',
      'DATE_TIME,HIGH,LOW,CLOSE\n2024-01-01,101,99,100\n2024-01-02,null,null,null\n2024-01-03,121,119,120\n2024-01-04,131,129,130\n',
    );
    const oracle = await binaryOracle({ csv_file: path, pip_cost: 1 });
    const refused = expect.objectContaining({
      code: 'no_data',
      message: expect.stringContaining('the bar at 2024-01-02T00:00:00 has no value'),
    });
    const exit = { direction: 'buy', takeProfitPrice: 110, stopLossPrice: 90 } as const;
    expect(() => oracle.entry(entryAt('2024-01-02 00:00', 5, 5))).toThrow(refused);
    expect(() => oracle.exit({ ...exit, time: at('2024-01-02') })).toThrow(refused);
    expect(oracle.entry(entryAt('2024-01-01 00:00', 5, 5)).buy).toBe(1);
    expect(oracle.exit({ ...exit, time: at('2024-01-03') }).currentPrice).toBe(120);
  });
});
