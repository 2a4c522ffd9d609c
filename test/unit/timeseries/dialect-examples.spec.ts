import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DIALECT_EXAMPLES, DIALECT_NAMES, formatIso, loadCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';

const { write } = csvFiles();

describe('the example of a maker in docs/data.md', () => {
  it.each(DIALECT_NAMES)('is read as it says: %s', async (dialect) => {
    const { file, text, last } = DIALECT_EXAMPLES[dialect];
    const written = write(text);
    const path = join(dirname(written), file ?? `${dialect}.csv`);
    renameSync(written, path);
    const { frame, badRowCount } = await loadCsv(path, { dateColumn: 'DATE_TIME', format: { dialect } });
    const close = frame.column(frame.spelled('CLOSE') ?? 'CLOSE').at(-1);
    expect(`${formatIso(frame.time.at(-1) ?? NaN)} ${close}`).toBe(last);
    expect(frame.length).toBe(2);
    expect(badRowCount).toBe(dialect === 'barchart' ? 1 : 0);
  });
});
