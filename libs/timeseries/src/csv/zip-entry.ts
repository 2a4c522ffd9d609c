import type yauzl from 'yauzl';
import { shown } from './cells.js';
import { refuse } from './csv-format.js';

/** Entries of an archive that are looked at; one with more is no data file. */
const MAX_ENTRIES = 1000;

/** The first names of entries, for messages. */
const namesOf = (entries: readonly yauzl.Entry[]): string =>
  entries.length === 0
    ? ''
    : ` (${entries
        .slice(0, 5)
        .map(({ fileName }) => shown(fileName))
        .join(', ')}${entries.length > 5 ? ', …' : ''})`;

/** The one data file of an archive; folders and what macOS adds do not count. */
export async function onlyEntry(file: string, archive: yauzl.ZipFile): Promise<yauzl.Entry> {
  const entries: yauzl.Entry[] = [];
  if (archive.entryCount > MAX_ENTRIES)
    throw refuse(
      'invalid',
      'csv_archive',
      `${file} is a zip archive of ${archive.entryCount} files; it must hold one`,
    );
  for await (const entry of archive.eachEntry()) {
    if (/^(xl\/|\[Content_Types\])/.test(entry.fileName))
      throw refuse(
        'invalid',
        'csv_binary',
        `${file} is an Excel workbook (xlsx), which is not read here: save the sheet as CSV in the spreadsheet program`,
      );
    if (entry.fileName === 'mimetype')
      throw refuse(
        'invalid',
        'csv_binary',
        `${file} is an OpenDocument file, which is not read here: save the sheet as CSV in the spreadsheet program`,
      );
    if (!entry.fileName.endsWith('/') && !/^__MACOSX\/|(?:^|\/)\./.test(entry.fileName)) entries.push(entry);
  }
  // HistData packs a report beside the data.
  const data =
    entries.length > 1 ? entries.filter(({ fileName }) => /\.(csv|json)$/i.test(fileName)) : entries;
  const [only] = data;
  if (only === undefined || data.length > 1)
    throw refuse(
      'invalid',
      'csv_archive',
      `${file} is a zip archive of ${entries.length} files${namesOf(entries)}; it must hold one data file: unpack the one that is meant`,
    );
  return only;
}
