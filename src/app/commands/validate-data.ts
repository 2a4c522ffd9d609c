import { basename } from 'node:path';
import { commandArguments, ConfigError, DATA_VALIDATE_FLAGS } from '#libs/config';
import type { ParametersOf } from '#libs/kernel';
import {
  compareFrames,
  type FrameComparison,
  loadCsv,
  parseTimestamp,
  type QualityCheck,
  qualityOf,
} from '#libs/timeseries';
import { EXIT, type PlainCommand, print } from './command.js';
import { formatOfFlags } from './data.js';
import { table } from './terminal.js';

type Flags = ParametersOf<typeof DATA_VALIDATE_FLAGS>;

/** As the feeders of the original compare. */
const TOLERANCE = 0.001;

/** `data validate FILE`: whether a data file is what it should be, for people or as JSON; exit code 1 when it is not. */
export const validateData: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, DATA_VALIDATE_FLAGS);
  const [path = ''] = positionals;
  const rules = {
    columns: flags.expect_columns ?? ['CLOSE'],
    from: momentOf(flags, 'from'),
    to: momentOf(flags, 'to'),
    maxMissing: flags.max_missing ?? 0,
  };
  const format = { dateColumn: flags.date_column ?? 'DATE_TIME', format: formatOfFlags(flags) };
  const file = await loadCsv(path, format);
  const checks = qualityOf({ ...file, zone: file.detected.zone }, rules);
  const comparison =
    flags.reference === null
      ? null
      : compareFrames(file.frame, (await loadCsv(flags.reference, format)).frame, {
          tolerance: flags.tolerance ?? TOLERANCE,
        });
  const passed = checks.every((one) => one.passed !== false) && comparison?.passed !== false;
  const told = { path, reference: flags.reference, passed, checks, comparison };
  print(flags.json ? JSON.stringify(jsonOf(told), null, 2) : textOf(told));
  return passed ? EXIT.done : EXIT.failed;
};

interface Told {
  readonly path: string;
  readonly reference: string | null;
  readonly passed: boolean;
  readonly checks: readonly QualityCheck[];
  readonly comparison: FrameComparison | null;
}

/** @throws ConfigError for a text that is no time */
function momentOf(flags: Flags, name: 'from' | 'to'): number | null {
  const text = flags[name];
  const moment = text === null ? null : parseTimestamp(text);
  if (text === null || moment !== null) return moment;
  throw new ConfigError(
    [`--${name}: must be a time such as 2026-01-05T08:00:00Z, not "${text}"`],
    'The command line',
  );
}

const VERDICTS = { true: 'passed', false: 'FAILED', null: 'note' } as const;

function textOf({ path, reference, passed, checks, comparison }: Told): string {
  const rows = checks.map((one) => [VERDICTS[`${one.passed}`], one.check, one.told]);
  const compared =
    comparison?.columns.map((one) => [
      VERDICTS[`${one.withinTolerance}`],
      one.column,
      String(one.rows),
      String(one.maxDifference),
      String(one.meanDifference),
    ]) ?? [];
  return [
    `${basename(path)}: ${passed ? 'passed' : 'FAILED'}`,
    ...table([['Result', 'Check', 'Found'], ...rows], '  '),
    ...(comparison === null
      ? []
      : [
          '',
          `Compared with ${basename(reference ?? '')}: ${comparison.commonRows} common bars, tolerance ${comparison.tolerance}`,
          ...table([['Result', 'Column', 'Bars', 'Greatest difference', 'Mean'], ...compared], '  '),
        ]),
  ].join('\n');
}

const jsonOf = ({ path, reference, passed, checks, comparison }: Told) => ({
  file: basename(path),
  passed,
  checks,
  ...(comparison !== null && {
    reference: {
      file: basename(reference ?? ''),
      validation_passed: comparison.passed,
      tolerance: comparison.tolerance,
      total_common_dates: comparison.commonRows,
      missing_columns: comparison.missingColumns,
      column_comparisons: comparison.columns.map((one) => ({
        column: one.column,
        bars: one.rows,
        max_difference: one.maxDifference,
        mean_difference: one.meanDifference,
        within_tolerance: one.withinTolerance,
      })),
    },
  }),
});
