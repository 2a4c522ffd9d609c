import {
  checkParameters,
  isRecord,
  map,
  type ParameterDeclarations,
  type ParametersOf,
  text,
} from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import type { CsvOptions } from '#libs/timeseries';
import { fileFormatOf, fileFormatParameters, type FileFormatSettings } from '../../../file-format.js';

/** Parameters that name the files of bars. */
export const dataFileParameters = {
  data_file_path: text(
    { default: null, minLength: 1 },
    'File with the bars of all symbols that `data_files` does not list: CSV in any dialect, JSON, or one of them in gzip or zip. See docs/data.md.',
  ),
  data_files: map(
    {},
    'File for each symbol, for example `{"EURUSD": "eurusd.csv", "EURUSD@15m": "eurusd_15m.csv"}`. Files of shorter bars serve the tick columns. Instead of a path, an object with `path` may have settings of its own: `{"path": "spx.csv", "date_column": "Date", "data_timezone": "EST"}`.',
  ),
  date_column: text(
    'DATE_TIME',
    'Name of the column with the time of each bar. `DATE_TIME` and an empty name also find a column of another name by its content.',
  ),
  ...fileFormatParameters,
} as const satisfies ParameterDeclarations;

const ownParameters = {
  path: text({ default: '', minLength: 1 }, 'The file.'),
  date_column: dataFileParameters.date_column,
  ...fileFormatParameters,
} as const satisfies ParameterDeclarations;

/** The declared parameters. */
export type DataFileSettings = ParametersOf<typeof dataFileParameters>;

/** One configured file and how it is read. */
export interface DataFile {
  /** The parameter that names it, for messages. */
  readonly name: string;
  readonly path: string;
  readonly options: CsvOptions;
}

/**
 * The configured files by symbol; the one for all other symbols under null.
 * @throws PluginError `not_configured` with every fault
 */
export function dataFiles(settings: DataFileSettings): ReadonlyMap<string | null, DataFile> {
  const { data_file_path: path, date_column: dateColumn, data_files } = settings;
  const files = new Map<string | null, DataFile>();
  const faults: string[] = [];
  for (const [symbol, value] of Object.entries(data_files)) {
    const name = `data_files.${symbol}`;
    const own = typeof value === 'string' ? { path: value } : value;
    const checked = checkOwn(own, settings);
    if (typeof checked === 'string') faults.push(`${name}: ${checked}`);
    else
      files.set(symbol, {
        name,
        path: checked.path,
        options: { dateColumn: checked.date_column, format: fileFormatOf(checked) },
      });
  }
  if (faults.length > 0) throw new PluginError('not_configured', faults.join('; '));
  if (path !== null)
    files.set(null, {
      name: 'data_file_path',
      path,
      options: { dateColumn, format: fileFormatOf(settings) },
    });
  if (files.size === 0)
    throw new PluginError('not_configured', 'data_source file needs data_file_path or data_files');
  return files;
}

type OwnSettings = FileFormatSettings & { readonly path: string; readonly date_column: string };

/** The settings of one file, those for all files where it has none of its own; or what is wrong with them. */
function checkOwn(own: unknown, settings: DataFileSettings): OwnSettings | string {
  if (!isRecord(own) || typeof own['path'] !== 'string') return 'must be a path, or an object with "path"';
  const known = Object.keys(ownParameters);
  const unknown = Object.keys(own).find((key) => !known.includes(key));
  if (unknown !== undefined) return `there is no setting "${unknown}"; allowed are ${known.join(', ')}`;
  const { values, faults } = checkParameters(ownParameters, { ...pickFormat(settings), ...own });
  return faults.length > 0 ? faults.join(', ') : (values as unknown as OwnSettings);
}

const pickFormat = (settings: DataFileSettings): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => key in ownParameters));
