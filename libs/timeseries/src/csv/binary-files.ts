interface Magic {
  readonly bytes: string;
  readonly at?: number;
  readonly what: string;
  readonly wayOut: string;
}

const TO_CSV = 'save it as CSV';
const UNPACK = 'unpack it first; gzip and zip are read as they are';
const UNPACKED = 'unpack it: it is read by itself';
const pandas = (read: string): string =>
  `convert it once with Python: pandas.${read}("in").to_csv("out.csv")`;

/** First bytes, as Latin-1, of files that are no text. */
const MAGICS: readonly Magic[] = [
  {
    bytes: '\xd0\xcf\x11\xe0',
    what: 'an Excel workbook (xls)',
    wayOut: `${TO_CSV} in the spreadsheet program`,
  },
  // Both are read, but not from within an archive: they are read from several places, and are packed themselves.
  { bytes: 'ARROW1', what: 'a packed Feather file', wayOut: UNPACKED },
  { bytes: 'PAR1', what: 'a packed Parquet file', wayOut: UNPACKED },
  { bytes: 'PARE', what: 'an encrypted Parquet file', wayOut: 'write it without encryption' },
  {
    bytes: 'FEA1',
    what: 'a Feather file of version 1',
    wayOut: `write it anew as version 2, or ${pandas('read_feather')}`,
  },
  { bytes: '\x89HDF', what: 'an HDF5 file', wayOut: pandas('read_hdf') },
  { bytes: 'SQLite format 3', what: 'an SQLite database', wayOut: 'export the table as CSV' },
  { bytes: '7z\xbc\xaf', what: 'a 7z archive', wayOut: UNPACK },
  { bytes: 'Rar!', what: 'a RAR archive', wayOut: UNPACK },
  { bytes: 'BZh', what: 'a bzip2 file', wayOut: UNPACK },
  { bytes: '\xfd7zXZ', what: 'an xz file', wayOut: UNPACK },
  { bytes: '\x28\xb5\x2f\xfd', what: 'a zstd file', wayOut: UNPACK },
  {
    bytes: '\x5d\x00\x00',
    what: 'an LZMA file (as the bi5 files of Dukascopy)',
    wayOut: 'let Dukascopy export CSV',
  },
  { bytes: 'ustar', at: 257, what: 'a tar archive', wayOut: UNPACK },
  { bytes: '%PDF', what: 'a PDF document', wayOut: 'download the data as CSV' },
  { bytes: '\x89PNG', what: 'a picture', wayOut: 'download the data as CSV' },
  { bytes: '\xff\xd8\xff', what: 'a picture', wayOut: 'download the data as CSV' },
  { bytes: '\x93NUMPY', what: 'a NumPy array', wayOut: 'write it with numpy.savetxt' },
  {
    bytes: '\x90\x01\x00\x00(C)',
    what: 'a history file of MetaTrader (hst)',
    wayOut: 'export CSV from the History Center (F2)',
  },
  {
    bytes: '\x91\x01\x00\x00',
    what: 'a history file of MetaTrader (hst)',
    wayOut: 'export CSV from the History Center (F2)',
  },
];

const TEXTS: readonly (readonly [start: RegExp, what: string, wayOut: string])[] = [
  [
    /^\s*(?:<!doctype html|<html)/i,
    'a web page',
    'the download did not give the data, perhaps a login or an error page: look at it in a browser',
  ],
  [/^\s*<(?:\?xml|table|head|svg)\b/i, 'an XML file', TO_CSV],
  [/^version https:\/\/git-lfs/, 'a pointer of Git LFS', 'get the file itself with git lfs pull'],
  [/^\{\\rtf/, 'an RTF document', TO_CSV],
];

/** What a file is that can't be read as a table of text, with the way out; null for text. */
export function binaryKind(head: Buffer): { what: string; wayOut: string } | null {
  const start = head.toString('latin1', 0, 512);
  const magic = MAGICS.find(({ bytes, at = 0 }) => start.startsWith(bytes, at));
  if (magic) return magic;
  if (start.charCodeAt(0) === 0x80 && start.charCodeAt(1) >= 2 && start.charCodeAt(1) <= 5) {
    return { what: 'a Python pickle', wayOut: pandas('read_pickle') };
  }
  for (const [pattern, what, wayOut] of TEXTS) if (pattern.test(start)) return { what, wayOut };
  return head.includes(0) ? { what: 'a binary file', wayOut: `${TO_CSV}, or use gzip, zip or JSON` } : null;
}
