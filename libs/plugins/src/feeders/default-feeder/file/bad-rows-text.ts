import type { BadRow, BadRowRule, CsvReport } from '#libs/timeseries';

const RULES: Readonly<Record<BadRowRule, string>> = {
  too_few_cells: 'it has too few cells',
  too_many_cells: 'it has too many cells',
  bad_quotes: 'its quotes do not close',
  bad_date: 'its time is no time',
  missing_cell: 'a value is missing',
  not_a_number: 'a value is no number',
  not_finite: 'a value is not finite',
};

/** "3 rows of bars.csv were left out, the first on line 17: a value is no number (CLOSE)" */
export function badRowsText(file: string, { badRowCount, badRows }: CsvReport): string {
  const [first] = badRows;
  const rows = badRowCount === 1 ? '1 row' : `${badRowCount} rows`;
  return `${rows} of ${file} ${badRowCount === 1 ? 'was' : 'were'} left out${first ? `, the first on ${lineText(first)}` : ''}`;
}

const lineText = ({ line, rule, column }: BadRow): string =>
  `line ${line}: ${RULES[rule]}${column === undefined ? '' : ` (${column})`}`;
