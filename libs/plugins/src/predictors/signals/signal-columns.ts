import { AppError } from '#libs/kernel';
import type { Frame } from '#libs/plugin-sdk';
import { fileFault } from '../model/model-file.js';
import { type ExtraInput, type ServedModel, uselessNormalisation } from '../model/served-model.js';
import { featureFor, windowColumns, type WindowColumn } from '../model/window.js';
import type { SignalBars } from './signal-bars.js';

/** The bars with the columns of a model's windows, not scaled. */
export interface SignalColumns {
  readonly frame: Frame;
  readonly columns: readonly WindowColumn[];
  /** Columns that the file lacks, and the features (docs/features.md) that stand for them. */
  readonly computed: ReadonlyMap<string, string>;
}

/**
 * The columns of a model: those that its metadata name, from the file or, where it lacks them, computed from its bars; else
 * all columns of the file that may be features.
 * @param without columns that are features only where the metadata name them
 * @param extras the numbers that a question adds, each with all its names
 * @throws PluginError `not_configured` when file, metadata and normalisation do not fit each other
 */
export function signalColumns(
  bars: SignalBars,
  { file, metadata, layout, normalisation }: ServedModel,
  without: readonly string[],
  extras: readonly ExtraInput[],
): SignalColumns {
  const { featureColumns: named, statisticsPeriods } = metadata;
  const missing = named?.filter((name) => bars.frame.spelled(name) === undefined) ?? [];
  const definitions = metadata.featureDefinitions ?? 'original';
  const computed = new Map(missing.map((name) => [name, featureFor(name, definitions)] as const));
  const frame = withComputed(bars, file, computed);
  const width = layout.width - extras.length - 3 * statisticsPeriods.length;
  const features = frame.names.filter((name) => !without.includes(name));
  if (named === null && features.length !== width) {
    const added = extras.length === 0 ? '' : ` beside ${extras.map(([name]) => name).join(', ')}`;
    const has = `csv_file has ${features.length} that may be features: ${features.join(', ')}`;
    throw fileFault(
      file,
      `the model takes ${width} columns${added} and its metadata name none (feature_columns); ${has}`,
    );
  }
  const columns = windowColumns(frame, { named, width, without, normalisation });
  const ofQuestion = extras.flat().some((name) => normalisation?.has(name) === true);
  if (normalisation !== null && !ofQuestion && columns.every(({ scale }) => scale === null)) {
    throw uselessNormalisation(file, normalisation, 'its columns');
  }
  return { frame, columns, computed };
}

function withComputed(
  bars: SignalBars,
  file: ServedModel['file'],
  computed: ReadonlyMap<string, string>,
): Frame {
  if (computed.size === 0) return bars.frame;
  try {
    const values = bars.computed([...computed.values()]);
    return bars.frame.with(
      [...computed].map(([name, feature]) => [name, values.get(feature) ?? new Float64Array()] as const),
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const names = [...computed.keys()].join(', ');
    throw fileFault(
      file,
      `csv_file lacks columns that its metadata name (feature_columns): ${names}; ${error.detail}`,
      error,
    );
  }
}
