import { AppError } from '#libs/kernel';
import { PluginError, type Frame } from '#libs/plugin-sdk';
import {
  computeFeatures,
  featureInputs,
  featureReach,
  formatNaiveIso,
  type Normalisation,
} from '#libs/timeseries';

/** One column of a window. */
export interface WindowColumn {
  /** Its name in the frame. */
  readonly name: string;
  /** Its entry in the normalisation; null for a column that stays as it is. */
  readonly scale: string | null;
}

/** What a window is made of. */
export interface WindowSpec {
  /** In the model's order. */
  readonly columns: readonly WindowColumn[];
  /** Bars. */
  readonly size: number;
  readonly normalisation: Normalisation | null;
  /** Too little history: an error, or rows of zeros in front, as some models were trained with. */
  readonly padding: 'refuse' | 'zeros';
  /** Numbers that stand behind the columns in every row that has a bar; not normalised. */
  readonly constants?: readonly number[];
}

/** Where the columns of a window come from. */
export interface ColumnSource {
  /** `feature_columns` of the metadata. */
  readonly named: readonly string[] | null;
  /** Columns that the model takes, without those that the caller adds. */
  readonly width: number;
  /** The column that is forecast, if any. */
  readonly target?: string | null;
  /** Columns that are never features, such as labels. */
  readonly without?: readonly string[];
  readonly normalisation: Normalisation | null;
}

/**
 * The last bars with the features that a model names and the data do not have, as far as they can be computed from these
 * bars alone (docs/features.md).
 * @param rows bars whose features are wanted; so many more are looked at that the features no longer depend on the first
 */
export function withFeatures(frame: Frame, named: readonly string[] | null, rows: number): Frame {
  const lacking = (named ?? []).filter((name) => frame.spelled(name) === undefined && isFeature(frame, name));
  if (lacking.length === 0) return frame;
  const reach = Math.max(...lacking.map((name) => featureReach(name).settled));
  const last = frame.last(rows + reach);
  return last.with(computeFeatures(last, lacking));
}

function isFeature(frame: Frame, name: string): boolean {
  try {
    featureInputs(frame, [name]);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/**
 * The columns of a window. The named ones where the metadata name them; else the target alone for a model that takes one
 * column, or all columns but `without` where their number is the model's.
 * @throws PluginError `invalid_request` naming what is missing and what there is
 */
export function windowColumns(frame: Frame, source: ColumnSource): readonly WindowColumn[] {
  return wantedColumns(frame, source).map((wanted) => {
    const name = frame.spelled(wanted);
    if (name === undefined) throw missing(frame, wanted);
    const scale = [wanted, name].find((one) => source.normalisation?.has(one) === true) ?? null;
    return { name, scale };
  });
}

function wantedColumns(frame: Frame, source: ColumnSource): readonly string[] {
  const { named, width, target = null, without = [] } = source;
  if (named !== null) return named;
  if (width === 1 && target !== null) return [target];
  const left = frame.names.filter((name) => !without.includes(name));
  if (left.length === width) return left;
  throw new PluginError(
    'invalid_request',
    `the model takes ${width} columns and its metadata name none (feature_columns); the data has ${frame.names.join(', ')}`,
  );
}

/**
 * The bars up to and including `row`, oldest first, row by row as float32. Bars after `row` are never read.
 * @throws PluginError `no_data` when there is too little history, or a bar of the window has no value
 */
export function windowAt(frame: Frame, row: number, spec: WindowSpec): Float32Array {
  const { columns, size, normalisation, padding, constants = [] } = spec;
  const from = row - size + 1;
  if (from < 0 && padding === 'refuse') {
    throw new PluginError(
      'no_data',
      `the model looks at ${size} bars; up to the baseline there are ${row + 1}`,
    );
  }
  const width = columns.length + constants.length;
  const window = new Float32Array(size * width);
  const first = Math.max(0, from);
  columns.forEach(({ name, scale }, column) => {
    const values = frame.column(name);
    for (let at = first; at <= row; at += 1) {
      const value = values[at] ?? NaN;
      const scaled = Math.fround(
        scale === null || !normalisation ? value : normalisation.apply(scale, value),
      );
      if (!Number.isFinite(scaled)) throw noValue(frame, name, at);
      window[(at - from) * width + column] = scaled;
    }
  });
  for (let at = first; at <= row; at += 1) window.set(constants, (at - from) * width + columns.length);
  return window;
}

function missing(frame: Frame, name: string): PluginError {
  const present = frame.names.join(', ');
  return new PluginError(
    'invalid_request',
    `the model needs the column "${name}"; the data has ${present} (feature_columns lets the feeder compute more)`,
  );
}

function noValue(frame: Frame, name: string, row: number): PluginError {
  const time = formatNaiveIso(frame.time[row] ?? NaN);
  return new PluginError(
    'no_data',
    `the column "${name}" has no value in the bar of ${time}, which the model looks at`,
  );
}
