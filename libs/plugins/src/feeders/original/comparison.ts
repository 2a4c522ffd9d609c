import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { checkParameters, isRecord, type ParameterDeclarations, type ParametersOf } from '#libs/kernel';
import { type Feeder, type Frame, type PluginContext, PluginError } from '#libs/plugin-sdk';
import { compareFrames, CsvCache, type FrameComparison } from '#libs/timeseries';
import { configuredFile } from '../../configured-file.js';
import type { originalParameters } from './parameters.js';

type Settings = ParametersOf<typeof originalParameters>;
type Context = Pick<PluginContext<ParameterDeclarations>, 'resolveFile' | 'clock'>;

/**
 * The settings with those of `from_config_file` over them.
 * @throws PluginError `not_configured` for a file that cannot be read, or values that are not allowed
 */
export async function withSavedConfig<D extends typeof originalParameters>(
  { parameters, resolveFile }: PluginContext<D>,
  declarations: D,
): Promise<ParametersOf<D>> {
  const { from_config_file: path } = parameters as unknown as Settings;
  if (path === null) return parameters;
  const name = `from_config_file: ${basename(path)}`;
  let json: unknown;
  try {
    json = JSON.parse(await readFile(resolveFile(path), 'utf8'));
  } catch (error) {
    throw new PluginError('not_configured', `${name} cannot be read as JSON`, { cause: error });
  }
  if (!isRecord(json))
    throw new PluginError('not_configured', `${name} must have one JSON object of parameters`);
  const unknown = Object.keys(json).find((key) => !(key in declarations));
  if (unknown !== undefined)
    throw new PluginError('not_configured', `${name}: there is no parameter "${unknown}"`);
  const { values, faults } = checkParameters(declarations, { ...parameters, ...json });
  if (faults.length > 0) throw new PluginError('not_configured', `${name}: ${faults.join('; ')}`);
  return values as ParametersOf<D>;
}

/** Settings that are about files of configurations, and so no part of one. */
const NOT_SAVED = ['save_config', 'from_config_file'];

/**
 * What `save_config` writes, and the file where one is named.
 * @throws PluginError `not_configured` for a file that cannot be written
 */
export async function savedSettings(
  settings: object,
  resolveFile: (path: string) => string,
): Promise<Readonly<Record<string, unknown>>> {
  const config = Object.fromEntries(Object.entries(settings).filter(([key]) => !NOT_SAVED.includes(key)));
  const { save_config: path } = settings as Settings;
  if (path !== null) {
    try {
      await writeFile(resolveFile(path), `${JSON.stringify(config, null, 2)}\n`);
    } catch (error) {
      throw new PluginError('not_configured', `save_config: ${basename(path)} cannot be written`, {
        cause: error,
      });
    }
  }
  const { data_files: _files, ...shown } = config;
  return pathless(shown);
}

/** Paths reduced to names, as status pages show them. */
const pathless = (config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' && /_path$|_csv$|_json$/.test(key) ? basename(value) : value,
    ]),
  );

/** Compares what a feeder delivers with `validation_csv`. */
export class ComparedFeeder {
  readonly #cache: CsvCache | null;
  readonly #notes = new WeakMap<Frame, string>();
  #last: FrameComparison | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly context: Context,
  ) {
    this.#cache = settings.validation_csv === null ? null : new CsvCache({ maxBytes: 200_000_000 });
  }

  /** The feeder itself, or one that compares each of its answers. */
  around(feeder: Feeder): Feeder {
    const { validation_csv: path, error_tolerance: tolerance } = this.settings;
    const cache = this.#cache;
    if (cache === null || path === null) return feeder;
    const { resolveFile } = this.context;
    return {
      resolve: (symbol) => feeder.resolve(symbol),
      intervalOf: async (symbol, asked) => (await feeder.intervalOf?.(symbol, asked)) ?? null,
      checkInterval: async (symbol, interval) => feeder.checkInterval?.(symbol, interval),
      info: () => feeder.info?.() ?? {},
      close: async () => feeder.close?.(),
      notes: (frame) => [...(feeder.notes?.(frame) ?? []), ...[this.#notes.get(frame) ?? []].flat()],
      fetch: async (request) => {
        const frame = await feeder.fetch(request);
        const reference = await configuredFile('validation_csv', () =>
          cache.load(resolveFile(path), { dateColumn: 'DATE_TIME' }),
        );
        this.#last = compareFrames(frame, reference.frame, { tolerance });
        this.#notes.set(frame, toldOf(this.#last, basename(path)));
        return frame;
      },
    };
  }

  /** The last comparison, in wire names. */
  info(): Readonly<Record<string, unknown>> {
    if (this.#last === null) return {};
    const { passed, tolerance, commonRows, columns, missingColumns } = this.#last;
    return {
      validation: {
        validation_passed: passed,
        tolerance,
        total_common_dates: commonRows,
        missing_columns: missingColumns,
        column_comparisons: Object.fromEntries(
          columns.map((one) => [
            one.column,
            {
              rows: one.rows,
              max_difference: one.maxDifference,
              mean_difference: one.meanDifference,
              within_tolerance: one.withinTolerance,
            },
          ]),
        ),
      },
    };
  }
}

function toldOf({ passed, commonRows, columns, tolerance }: FrameComparison, file: string): string {
  if (commonRows === 0) return `validation: no bar has a time of ${file}`;
  const off = columns
    .filter((one) => !one.withinTolerance)
    .map((one) => `${one.column} by ${one.maxDifference}`);
  return passed
    ? `validation: ${columns.length} columns of ${commonRows} bars equal ${file} to ${tolerance}`
    : `validation: differs from ${file}: ${off.join(', ') || 'no column is the same'}`;
}
