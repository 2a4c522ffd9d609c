import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, isRecord } from '#libs/kernel';
import { Frame } from './frame.js';

/** How one column is scaled: x ↦ (x - offset) / scale; `constant` columns become 0. */
type Scale = { readonly offset: number; readonly scale: number } | { readonly constant: number };

/** What a column of the training data was like. */
export type TrainedColumn =
  { readonly min: number; readonly max: number } | { readonly mean: number; readonly std: number };

const MAX_FILE_BYTES = 10_000_000;
const MAX_COLUMNS = 10_000;
const PICKLES = /\.(?:pkl|pickle|joblib|sav)$/i;
const EXPORT =
  'scalers of scikit-learn are executable pickles; write their numbers with ' +
  'json.dump({n: {"mean": m, "std": s} for n, m, s in zip(scaler.feature_names_in_, scaler.mean_.tolist(), scaler.scale_.tolist())}, file)';

/**
 * Column-wise scaling of data to what a model was trained on, and back. Recognised, column by column: `{min, max}` as
 * (x - min) / (max - min), equal bounds giving 0; and `{mean, std}` as (x - mean) / std, where a std of 0 leaves the column
 * as it is. The columns may stand at the top or below `min_max_values`.
 */
export class Normalisation {
  private constructor(
    private readonly scales: ReadonlyMap<string, Scale>,
    private readonly entries: ReadonlyMap<string, TrainedColumn>,
  ) {}

  /**
   * @param json the parsed content of a normalisation file
   * @param source what to call it in errors, for example the file's base name
   * @throws AppError `invalid` (code `bad_normalisation`) naming every column at fault and its fault
   */
  static of(json: unknown, source = 'the normalisation'): Normalisation {
    const root = isRecord(json) && isRecord(json['min_max_values']) ? json['min_max_values'] : json;
    if (!isRecord(root)) throw bad(source, ['it must be a JSON object of columns']);
    const entries = Object.entries(root);
    if (entries.length === 0) throw bad(source, ['it names no column']);
    if (entries.length > MAX_COLUMNS) throw bad(source, [`it names more than ${MAX_COLUMNS} columns`]);
    const scales = new Map<string, Scale>();
    const faults: string[] = [];
    for (const [name, entry] of entries) {
      const scale = scaleOf(entry);
      if (typeof scale === 'string') faults.push(`column "${name.slice(0, 60)}" ${scale}`);
      else scales.set(name, scale);
    }
    if (faults.length > 0) throw bad(source, faults);
    return new Normalisation(scales, new Map(entries.map(([name, entry]) => [name, entry as TrainedColumn])));
  }

  /** What is said of the training data of a column; null for one that is not known. */
  trained(column: string): TrainedColumn | null {
    return this.entries.get(column) ?? null;
  }

  /** The columns it knows, in the order of the file. */
  get names(): readonly string[] {
    return [...this.scales.keys()];
  }

  has(column: string): boolean {
    return this.scales.has(column);
  }

  /**
   * Data to model.
   * @throws AppError `invalid` (code `unknown_column`)
   */
  apply(column: string, value: number): number {
    return applied(this.scale(column), value);
  }

  /**
   * Model to data. A column whose bounds were equal gives that bound, whatever the value.
   * @throws AppError `invalid` (code `unknown_column`)
   */
  invert(column: string, value: number): number {
    return inverted(this.scale(column), value);
  }

  /**
   * A standard deviation or width of the model in the data's units: multiplied by the scale, not shifted.
   * @throws AppError `invalid` (code `unknown_column`)
   */
  invertWidth(column: string, width: number): number {
    const scale = this.scale(column);
    return 'constant' in scale ? 0 : width * scale.scale;
  }

  /** All columns that this normalisation knows, from data to model; the others and the time stay as they are. */
  applyTo(frame: Frame): Frame {
    return this.convert(frame, applied);
  }

  /** All columns that this normalisation knows, from model to data; the others and the time stay as they are. */
  invertTo(frame: Frame): Frame {
    return this.convert(frame, inverted);
  }

  private convert(frame: Frame, convert: (scale: Scale, value: number) => number): Frame {
    const converted = [...frame.columns].map(([name, values]): readonly [string, Float64Array] => {
      const scale = this.scales.get(name);
      return [name, scale ? values.map((value) => convert(scale, value)) : values];
    });
    return frame.with(converted);
  }

  private scale(column: string): Scale {
    const scale = this.scales.get(column);
    if (scale) return scale;
    throw new AppError('invalid', `the normalisation has no column "${column}"`, { code: 'unknown_column' });
  }
}

/**
 * Reads a normalisation file.
 * @throws AppError `not_found` (code `normalisation_missing`), `too_large` (over 10 MB, code `normalisation_too_large`),
 *   `unavailable` (code `normalisation_unreadable`) or `invalid` (code `bad_normalisation`); texts carry the base name only
 */
export async function loadNormalisation(path: string): Promise<Normalisation> {
  const file = basename(path);
  const text = await readText(path, file);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const way = PICKLES.test(file) ? `; ${EXPORT}` : '';
    throw new AppError('invalid', `${file} is not JSON${way}`, { code: 'bad_normalisation', cause: error });
  }
  return Normalisation.of(json, file);
}

async function readText(path: string, file: string): Promise<string> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) {
      throw new AppError('invalid', `${file} is not a regular file`, { code: 'bad_normalisation' });
    }
    if (stats.size > MAX_FILE_BYTES) {
      throw new AppError('too_large', `${file} is larger than 10 MB`, { code: 'normalisation_too_large' });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as { readonly code?: unknown };
    throw code === 'ENOENT' || code === 'ENOTDIR'
      ? new AppError('not_found', `there is no file ${file}`, { code: 'normalisation_missing' })
      : new AppError('unavailable', `${file} can't be read (${String(code)})`, {
          code: 'normalisation_unreadable',
        });
  }
}

/** The scale that an entry describes, or what is wrong with it. */
function scaleOf(entry: unknown): Scale | string {
  if (!isRecord(entry)) return 'must be an object with min and max, or mean and std';
  const hasBounds = 'min' in entry || 'max' in entry;
  const hasMoments = 'mean' in entry || 'std' in entry;
  if (hasBounds && hasMoments) return 'has bounds and moments; only one of min/max and mean/std may be given';
  if (!hasBounds && !hasMoments) return 'has neither min and max nor mean and std';
  const [first, second] = hasBounds ? (['min', 'max'] as const) : (['mean', 'std'] as const);
  for (const key of [first, second]) {
    if (!(key in entry)) return `has no ${key}`;
    if (typeof entry[key] !== 'number' || !Number.isFinite(entry[key]))
      return `has a ${key} that is no number`;
  }
  const offset = Number(entry[first]);
  const other = Number(entry[second]);
  if (hasMoments) {
    if (other < 0) return 'has a negative std';
    return other === 0 ? { offset: 0, scale: 1 } : { offset, scale: other };
  }
  if (other < offset) return `has a max (${other}) below its min (${offset})`;
  if (other === offset) return { constant: offset };
  return Number.isFinite(other - offset) ? { offset, scale: other - offset } : 'has bounds too far apart';
}

const applied = (scale: Scale, value: number): number =>
  'constant' in scale ? (Number.isNaN(value) ? NaN : 0) : (value - scale.offset) / scale.scale;

const inverted = (scale: Scale, value: number): number =>
  'constant' in scale ? scale.constant : value * scale.scale + scale.offset;

function bad(source: string, faults: readonly string[]): AppError {
  const more = faults.length > 10 ? `; and ${faults.length - 10} more` : '';
  return new AppError('invalid', `${source}: ${faults.slice(0, 10).join('; ')}${more}`, {
    code: 'bad_normalisation',
  });
}
