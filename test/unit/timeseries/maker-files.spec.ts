import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type FileFormat, formatIso, loadCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';

const { write } = csvFiles();

interface MakerFile {
  readonly name: string;
  /** `2024-01-31T00:00:00Z 1.12`, or `ERR` and what the error says. */
  readonly right: string;
  readonly format: FileFormat;
  readonly text: string;
}

/** The files of test/resources/maker-files.txt. */
const FILES: readonly MakerFile[] = readFileSync(
  join(import.meta.dirname, '../../resources/maker-files.txt'),
  'utf8',
)
  .split(/^## /m)
  .slice(1)
  .map((part) => {
    const [head = '', ...lines] = part.split('\n');
    const [, name = '', right = '', format = '{}'] = /^(\S+) => (.*?)(?: (\{.*\}))?$/.exec(head) ?? [];
    return { name, right, format: JSON.parse(format) as FileFormat, text: lines.slice(0, -1).join('\n') };
  });

async function lastBar({ format, text }: MakerFile): Promise<string> {
  try {
    const { frame } = await loadCsv(write(text), { dateColumn: 'DATE_TIME', format });
    const close = frame.spelled('CLOSE');
    return `${formatIso(frame.time.at(-1) ?? NaN)} ${close === undefined ? '-' : frame.columns.get(close)?.at(-1)}`;
  } catch (error) {
    return `ERR ${error instanceof Error ? error.message : ''}`;
  }
}

describe('a file as its maker writes it', () => {
  it('is there of every kind', () => expect(FILES.length).toBeGreaterThan(350));

  it.each(FILES)('gives the right last bar, or the setting that is needed: $name', async (file) => {
    const found = await lastBar(file);
    if (file.right.startsWith('ERR ')) expect(found).toMatch(new RegExp(`^ERR .*${file.right.slice(4)}`));
    else expect(found).toBe(file.right);
  });
});
