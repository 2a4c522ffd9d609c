import { basename } from 'node:path';
import { commandArguments, ConfigError, DATA_INSPECT_FLAGS } from '#libs/config';
import { checkParameters, type ParametersOf } from '#libs/kernel';
import { fileFormatOf, fileFormatParameters, type FileFormatSettings } from '#libs/plugins';
import {
  DIALECTS,
  formatIso,
  gapsOf,
  lengthText,
  loadCsv,
  type LoadedCsv,
  separatorName,
} from '#libs/timeseries';
import { type PlainCommand, print } from './command.js';
import { table } from './terminal.js';

/** `data inspect FILE`: how a data file is read, what is in it and what looks wrong, for people or as JSON. */
export const inspectData: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, DATA_INSPECT_FLAGS);
  const [path = ''] = positionals;
  const file = await loadCsv(path, {
    dateColumn: flags.date_column ?? 'DATE_TIME',
    format: formatOfFlags(flags),
  });
  return print(flags.json ? JSON.stringify(jsonOf(path, file), null, 2) : textOf(path, file));
};

/** @throws ConfigError with every flag whose value is not allowed, and what is */
export function formatOfFlags(flags: ParametersOf<typeof DATA_INSPECT_FLAGS>) {
  const given = Object.entries(flags).filter(([, value]) => value !== null);
  const { values, faults } = checkParameters(fileFormatParameters, Object.fromEntries(given));
  if (faults.length > 0)
    throw new ConfigError(
      faults.map((fault) => `--${fault}`),
      'The command line',
    );
  return fileFormatOf(values as unknown as FileFormatSettings);
}

function jsonOf(path: string, { frame, detected, stepMs, notes, ...report }: LoadedCsv) {
  const { columns, ...format } = detected;
  const gaps = gapsOf(frame.time, stepMs, detected.zone);
  return {
    file: basename(path),
    format: {
      container: format.container,
      encoding: format.encoding,
      separator: format.separator,
      header_line: format.headerLine,
      lines_before: format.preamble,
      maker: format.dialect,
      time_columns: format.timeColumns,
      time_format: format.timeFormat,
      timezone: format.zone,
      timezone_from: format.zoneFrom,
      bar_time: format.barTime,
      decimal: format.decimal,
    },
    columns: columns.map(({ name, use, alias, missing }) => ({
      name,
      use,
      also: alias,
      missing,
      ...endsOf(frame.columns.get(name)),
    })),
    bars: frame.length,
    first_bar: formatIso(frame.time[0] ?? NaN),
    last_bar: formatIso(frame.time.at(-1) ?? NaN),
    interval: Number.isNaN(stepMs) ? null : lengthText(stepMs),
    interval_seconds: Number.isNaN(stepMs) ? null : stepMs / 1000,
    gaps: { count: gaps.count, missing_bars: gaps.missing },
    duplicates: report.duplicateTimes,
    rows_left_out: report.badRowCount,
    sorted: report.reordered,
    notes,
  };
}

const endsOf = (values: Float64Array | undefined) =>
  values === undefined ? {} : { first: known(values[0]), last: known(values.at(-1)) };

const known = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

function textOf(path: string, file: LoadedCsv): string {
  const { frame, detected, stepMs, duplicateTimes, badRowCount, reordered, notes } = file;
  const { count, missing } = gapsOf(frame.time, stepMs, detected.zone);
  const facts: readonly (readonly [string, string])[] = [
    ['Format', formatText(detected)],
    [
      'Maker',
      detected.dialect === null
        ? 'not recognised'
        : `${DIALECTS[detected.dialect].maker} (csv_dialect ${detected.dialect})`,
    ],
    [
      'Times',
      `${detected.timeFormat} in ${detected.timeColumns.map((name) => name || 'a column without a name').join(' and ')}; zone ${detected.zone} (${ZONE_FROM[detected.zoneFrom]}); ${detected.barTime === 'open' ? 'beginnings' : 'ends'} of bars`,
    ],
    ['Numbers', detected.decimal === '.' ? 'decimal point' : 'decimal comma'],
    [
      'Bars',
      `${frame.length}${Number.isNaN(stepMs) ? '' : `, ${lengthText(stepMs)} apart`}${reordered ? ', sorted by time' : ''}`,
    ],
    ['First bar', formatIso(frame.time[0] ?? NaN)],
    ['Last bar', formatIso(frame.time.at(-1) ?? NaN)],
    ['Gaps', count === 0 ? 'none' : `${count} (${missing} bars)`],
    ['Duplicates', String(duplicateTimes)],
    ['Left out', badRowCount === 1 ? '1 row' : `${badRowCount} rows`],
  ];
  const columns = detected.columns.map(({ name, use, alias, missing: gaps }) => {
    const { first, last } = endsOf(frame.columns.get(name));
    const values = use === 'values' ? [String(gaps), String(first ?? ''), String(last ?? '')] : ['', '', ''];
    return [name, use, alias ?? '', ...values];
  });
  return [
    basename(path),
    ...table(facts, '  '),
    '',
    ...table([['Column', 'Use', 'Also', 'Missing', 'First', 'Last'], ...columns], '  '),
    '',
    notes.length === 0 ? 'No notes.' : 'Notes',
    ...notes.map(({ code, text }) => `  ${code}: ${text}`),
  ].join('\n');
}

const ZONE_FROM = {
  setting: 'your setting',
  file: 'from the file',
  header: 'from a name or a line above the table',
  maker: 'usual for the maker',
  assumed: 'assumed',
} as const;

function formatText({ container, encoding, separator, headerLine, preamble }: LoadedCsv['detected']): string {
  const before =
    preamble.length === 0
      ? ''
      : `, ${preamble.length === 1 ? '1 line' : `${preamble.length} lines`} before it`;
  const header = headerLine === null ? 'no header' : `header on line ${headerLine}${before}`;
  if (/^(?:parquet|feather|arrow) /.test(container)) return container;
  if (container.endsWith('json'))
    return `${container}, ${headerLine === null ? 'values without names' : 'values with names'}`;
  return `${container === 'plain' ? 'text' : container}, ${encoding}, separated by ${separatorName(separator)}, ${header}`;
}
