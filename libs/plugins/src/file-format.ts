import { map, type ParameterDeclarations, type ParametersOf, text } from '#libs/kernel';
import { DIALECT_NAMES, type DialectName, type FileFormat } from '#libs/timeseries';

/** How a data file is written: parameters of everything that reads one. Each overrides what is found out from the file itself. */
export const fileFormatParameters = {
  csv_dialect: {
    type: 'string',
    default: 'auto',
    oneOf: ['auto', ...DIALECT_NAMES] as readonly ('auto' | DialectName)[],
    help: 'Maker of the file, which tells its usual time zone and what its dates and columns mean; `auto` recognises files that are unmistakable. See docs/data.md.',
  },
  columns: map(
    { items: 'string' },
    'Names of columns in the file by the name under which they are wanted, for example `{"CLOSE": "Last"}`; `column 3` is the third one.',
  ),
  rows: map(
    { items: 'string' },
    'Rows that count in a file of several symbols, by the text of a column, for example `{"Name": "AAPL"}`.',
  ),
  time_format: text(
    { default: null, minLength: 1 },
    'How times are written, in the notation of strptime (`%d/%m/%Y %H:%M`), or `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, `excel` for days of a spreadsheet, `matlab`, `dotnet_ticks` or `filetime`. `%q` is a quarter. Null: found out from the whole column.',
  ),
  data_timezone: text(
    { default: null, minLength: 1 },
    'Time zone of times without an offset: a name (`America/New_York`, `EET` with summer time, `EST` without), an offset (`+02:00`), or `NY+7` for the clock of brokers whose day ends when New York closes. Null: that of the maker, else UTC.',
  ),
  bar_time: {
    type: 'string',
    default: null,
    oneOf: ['open', 'close'] as readonly ('open' | 'close')[],
    help: 'Whether the time of a bar is its beginning or its end. Null: as is usual for the maker, else `open`.',
  },
  decimal: {
    type: 'string',
    default: null,
    oneOf: ['.', ','] as readonly ('.' | ',')[],
    help: 'Sign before the decimals of numbers. Null: found out from the file.',
  },
  thousands: {
    type: 'string',
    default: null,
    oneOf: ['.', ',', ' ', "'", '_'] as readonly ('.' | ',' | ' ' | "'" | '_')[],
    help: 'Sign between the thousands of numbers. Null: any that is not the decimal sign.',
  },
} as const satisfies ParameterDeclarations;

/** The declared parameters. */
export type FileFormatSettings = ParametersOf<typeof fileFormatParameters>;

/** The settings as the reader takes them. */
export const fileFormatOf = (settings: FileFormatSettings): FileFormat => ({
  dialect: settings.csv_dialect === 'auto' ? null : settings.csv_dialect,
  names: settings.columns,
  rows: settings.rows,
  timeFormat: settings.time_format,
  zone: settings.data_timezone,
  barTime: settings.bar_time,
  decimal: settings.decimal,
  thousands: settings.thousands,
});
