import { basename } from 'node:path';
import { choice, decimal, type ParameterDeclarations, type ParametersOf, text, textList } from '#libs/kernel';
import { defineFeeder, type Feeder, type Frame, type PluginContext, PluginError } from '#libs/plugin-sdk';
import {
  compareFrames,
  CsvCache,
  type FrameComparison,
  parseTimestamp,
  type QualityCheck,
  qualityOf,
  usualStep,
} from '#libs/timeseries';
import { configuredFile } from '../configured-file.js';
import { feederParameters, openBarFeeder } from './default-feeder/bar-feeder.js';

const validatorParameters = {
  ...feederParameters,
  expect_columns: textList(['CLOSE'], 'Columns that must exist and have values.'),
  expect_from: text({ default: null, minLength: 1 }, 'Time by which the bars must have begun.'),
  expect_to: text({ default: null, minLength: 1 }, 'Time up to which there must be bars.'),
  max_missing: decimal(
    { default: 0, min: 0, max: 1 },
    'Greatest share of rows without a value in an expected column.',
  ),
  reference_csv: text(
    { default: null, minLength: 1 },
    'Data file to compare with: columns of the same name in bars of the same time.',
  ),
  error_tolerance: decimal(
    { default: 0.001, min: 0 },
    'Greatest difference from `reference_csv` that is none.',
  ),
  on_fault: choice(
    { default: 'refuse', oneOf: ['refuse', 'note'] },
    'What becomes of bars that fail a check: the question fails, or it is answered with a note.',
  ),
} as const satisfies ParameterDeclarations;

type Context = PluginContext<typeof validatorParameters>;

/** The bars of default_feeder, each answer checked as `data validate` checks a file. */
export default defineFeeder({
  id: 'data_validator',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Bars of default_feeder whose quality, columns, range and values are checked, also against a reference.',
  parameters: validatorParameters,
  create: async (context: Context): Promise<Feeder> => {
    const validator = new Validator(context);
    const { bar_shapes: barShapes } = context.parameters;
    const feeder = await openBarFeeder(context, {
      options: { presets: { EMA: [20] }, barShapes },
      info: () => validator.info(),
    });
    return validator.around(feeder);
  },
});

interface Verdict {
  readonly passed: boolean;
  readonly checks: readonly QualityCheck[];
  readonly comparison: FrameComparison | null;
}

class Validator {
  readonly #settings: ParametersOf<typeof validatorParameters>;
  readonly #cache: CsvCache;
  readonly #rules: Parameters<typeof qualityOf>[1];
  readonly #notes = new WeakMap<Frame, readonly string[]>();
  #last: Verdict | null = null;

  /** @throws PluginError `not_configured` for a text that is no time */
  constructor(private readonly context: Context) {
    const settings = context.parameters;
    this.#settings = settings;
    this.#cache = new CsvCache({ maxBytes: 200_000_000 });
    this.#rules = {
      columns: settings.expect_columns,
      from: momentOf('expect_from', settings.expect_from),
      to: momentOf('expect_to', settings.expect_to),
      maxMissing: settings.max_missing,
    };
  }

  around(feeder: Feeder): Feeder {
    return {
      resolve: (symbol) => feeder.resolve(symbol),
      intervalOf: async (symbol, asked) => (await feeder.intervalOf?.(symbol, asked)) ?? null,
      checkInterval: async (symbol, interval) => feeder.checkInterval?.(symbol, interval),
      info: () => feeder.info?.() ?? {},
      close: async () => feeder.close?.(),
      notes: (frame) => [...(feeder.notes?.(frame) ?? []), ...(this.#notes.get(frame) ?? [])],
      fetch: async (request) => {
        const frame = await feeder.fetch(request);
        if (this.#notes.has(frame)) return frame;
        const verdict = await this.#judge(frame);
        this.#last = verdict;
        const faults = faultsOf(verdict, this.#settings.reference_csv);
        if (!verdict.passed && this.#settings.on_fault === 'refuse') {
          const told = `the data do not pass: ${faults.join('; ')} (on_fault "note" answers all the same)`;
          throw new PluginError('no_data', told);
        }
        this.#notes.set(
          frame,
          faults.map((fault) => `validation: ${fault}`),
        );
        return frame;
      },
    };
  }

  async #judge(frame: Frame): Promise<Verdict> {
    const { time, calendar } = frame;
    const repeats = time.subarray(1).filter((moment, row) => moment === time[row]).length;
    const facts = {
      frame,
      duplicateTimes: repeats,
      badRowCount: 0,
      stepMs: usualStep(time),
      zone: calendar.zone,
    };
    const checks = qualityOf(facts, this.#rules);
    const { reference_csv: path, error_tolerance: tolerance } = this.#settings;
    const comparison =
      path === null
        ? null
        : compareFrames(
            frame,
            await configuredFile('reference_csv', async () => {
              const csv = await this.#cache.load(this.context.resolveFile(path), { dateColumn: 'DATE_TIME' });
              return csv.frame;
            }),
            { tolerance },
          );
    return {
      passed: checks.every(({ passed }) => passed !== false) && comparison?.passed !== false,
      checks,
      comparison,
    };
  }

  /** The last verdict, in wire names. */
  info(): Readonly<Record<string, unknown>> {
    if (this.#last === null) return {};
    const { passed, checks, comparison } = this.#last;
    return {
      validation: {
        validation_passed: passed,
        checks,
        ...(comparison !== null && {
          total_common_dates: comparison.commonRows,
          missing_columns: comparison.missingColumns,
          columns_off: comparison.columns.filter((one) => !one.withinTolerance).map(({ column }) => column),
        }),
      },
    };
  }
}

function faultsOf({ checks, comparison }: Verdict, reference: string | null): readonly string[] {
  const failed = checks
    .filter(({ passed }) => passed === false)
    .map(({ check, told }) => `${check}: ${told}`);
  if (comparison === null || comparison.passed) return failed;
  const file = basename(reference ?? '');
  if (comparison.commonRows === 0) return [...failed, `no bar has a time of ${file}`];
  const off = comparison.columns
    .filter((one) => !one.withinTolerance)
    .map((one) => `${one.column} by ${one.maxDifference}`);
  return [...failed, `differs from ${file}: ${off.join(', ') || 'no column is the same'}`];
}

/** @throws PluginError `not_configured` */
function momentOf(name: string, value: string | null): number | null {
  const moment = value === null ? null : parseTimestamp(value);
  if (value === null || moment !== null) return moment;
  throw new PluginError(
    'not_configured',
    `${name}: must be a time such as 2026-01-05T08:00:00Z, not "${value}"`,
  );
}
