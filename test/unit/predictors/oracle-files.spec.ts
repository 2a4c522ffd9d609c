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
});
