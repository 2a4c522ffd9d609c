import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, isRecord, nearest } from '#libs/kernel';
import { Normalisation } from '#libs/timeseries';
import { fileFault, type NamedFile } from './model-file.js';

const MAX_FILE_BYTES = 10_000_000;
const MAX_WINDOW = 100_000;
const MAX_HORIZON = 1_000;
/** What the numbers that a model answers are: the value itself, or its change since the baseline. */
export const TARGET_KINDS = ['price', 'return', 'log_return'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

/** Whose formulas names of computed columns stand for, where those of the original differ from docs/features.md. */
const FEATURE_DEFINITIONS = ['original', 'standard'] as const;
export type FeatureDefinitions = (typeof FEATURE_DEFINITIONS)[number];
/** Bars of the statistics that the original adds to windows when nothing else is said. */
const STATISTICS_PERIODS = [12, 48];

/** What a model's metadata file says of its inputs and outputs; null where it says nothing. */
export interface ModelMetadata {
  /** Whether there is such a file. */
  readonly isThere: boolean;
  /** Keys of the trainer's own, which serve nothing here. */
  readonly otherKeys: readonly string[];
  /** Input columns in the order that the model was trained with. */
  readonly featureColumns: readonly string[] | null;
  /** Bars of one input. */
  readonly windowSize: number | null;
  /** Column that is forecast. */
  readonly targetColumn: string | null;
  /** Default `price`. Returns are since the baseline, not bar by bar. */
  readonly target: TargetKind;
  /** Steps ahead of each output, in the order of the outputs. */
  readonly horizons: readonly number[] | null;
  /** Which output of a model with several. */
  readonly output: string | null;
  /** Entry of the normalisation that the outputs are scaled with. */
  readonly outputScale: string | null;
  /** Bars of the statistics of the target that stand behind the columns in every row; empty without them. */
  readonly statisticsPeriods: readonly number[];
  /** Null: that of the predictor. */
  readonly featureDefinitions: FeatureDefinitions | null;
  /** The normalisation, when the metadata carry it. */
  readonly normalisation: Normalisation | null;
  /** Values of the training data, where they are not those of the normalisation. */
  readonly trainingRange: Normalisation | null;
  /** Widths of the range beyond which the model abstains, when it is asked to. */
  readonly abstainLimit: number | null;
}

/** Names of the statistics behind the columns of a window, in the original's words and order. */
export const statisticsOf = ({ statisticsPeriods }: ModelMetadata): readonly string[] =>
  statisticsPeriods.flatMap((bars) => [
    `rolling_std_${bars}`,
    `rolling_ema_${bars}`,
    `price_minus_ema_${bars}`,
  ]);

/** Of a model that nothing is said of. */
export const NO_METADATA: ModelMetadata = {
  isThere: false,
  otherKeys: [],
  featureColumns: null,
  windowSize: null,
  targetColumn: null,
  target: 'price',
  horizons: null,
  output: null,
  outputScale: null,
  statisticsPeriods: [],
  featureDefinitions: null,
  normalisation: null,
  trainingRange: null,
  abstainLimit: null,
};

/** `forecaster.keras` → `forecaster_metadata.json`, beside the model; so for every extension. */
export function metadataPath(modelPath: string): string {
  return modelPath.replace(/(?:\.[^./\\]*)?$/, '_metadata.json');
}

/** The file's name alone, for messages. */
export const metadataName = ({ path, metadata }: NamedFile): string =>
  metadata ?? basename(metadataPath(path));

/**
 * Reads the metadata beside a model. A model without such a file has none.
 * @throws PluginError `not_configured` naming the file and every key at fault
 */
export async function loadMetadata(model: NamedFile): Promise<ModelMetadata> {
  return readMetadata({ ...model, path: metadataPath(model.path) });
}

/** Reads a metadata file; one that is not there says nothing. @throws PluginError as {@link loadMetadata} */
export async function readMetadata(file: NamedFile): Promise<ModelMetadata> {
  const text = await readText(file);
  if (text === null) return NO_METADATA;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fileFault(file, 'is not JSON', error);
  }
  const faults: string[] = [];
  const metadata = parseMetadata(json, basename(file.path), faults);
  if (faults.length > 0) throw fileFault(file, faults.join('; '));
  return metadata;
}

async function readText(file: NamedFile): Promise<string | null> {
  try {
    const state = await stat(file.path);
    if (!state.isFile()) throw fileFault(file, 'is not a regular file');
    if (state.size > MAX_FILE_BYTES) throw fileFault(file, 'is larger than 10 MB');
    return await readFile(file.path, 'utf8');
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'ENOENT') return null;
    if (code === 'not_configured') throw error;
    throw fileFault(file, `can't be read (${String(code)})`, error);
  }
}

/** Keys that are read here. */
const KEYS = [
  'feature_columns',
  'window_size',
  'target_column',
  'target',
  'horizons',
  'output',
  'output_scale',
  'add_window_stats',
  'window_stats_periods',
  'feature_definitions',
  'normalization',
  'training_range',
  'abstain_limit',
];

/**
 * The keys that are not read: trainers write what they trained on and how. One that is nearly the name of a known key is
 * that key mistyped: the model would be served by a default in its place.
 */
function otherKeys(json: Readonly<Record<string, unknown>>, faults: string[]): readonly string[] {
  return Object.keys(json).filter((key) => {
    if (KEYS.includes(key)) return false;
    const [close] = nearest(key, KEYS);
    if (close === undefined || Object.hasOwn(json, close)) return true;
    faults.push(`${key} is not known; did you mean ${close}?`);
    return false;
  });
}

/** Collects what is wrong in `faults`, so that an operator sees all of it at once. */
function parseMetadata(json: unknown, source: string, faults: string[]): ModelMetadata {
  if (!isRecord(json)) {
    faults.push('must be a JSON object');
    return NO_METADATA;
  }
  const read = <T>(key: string, isRight: (value: unknown) => value is T, allowed: string): T | null => {
    const value = json[key] ?? null;
    if (value === null || isRight(value)) return value;
    faults.push(`${key} must be ${allowed}`);
    return null;
  };
  return {
    isThere: true,
    otherKeys: otherKeys(json, faults),
    featureColumns: read('feature_columns', isNameList, 'a list of different column names'),
    windowSize: read('window_size', isIntegerTo(MAX_WINDOW), `a whole number from 1 to ${MAX_WINDOW}`),
    targetColumn: read('target_column', isName, 'a column name'),
    target: read('target', isTargetKind, `one of ${TARGET_KINDS.join(', ')}`) ?? 'price',
    horizons: read('horizons', isHorizonList, `a list of different whole numbers from 1 to ${MAX_HORIZON}`),
    output: read('output', isName, 'the name of an output'),
    outputScale: read('output_scale', isName, 'the name of an entry of the normalisation'),
    statisticsPeriods:
      read('add_window_stats', isSwitch, 'true or false') === null || Number(json['add_window_stats']) === 0
        ? []
        : (read(
            'window_stats_periods',
            isPeriodList,
            `a list of different whole numbers from 1 to ${MAX_WINDOW}`,
          ) ?? STATISTICS_PERIODS),
    featureDefinitions: read(
      'feature_definitions',
      isFeatureDefinitions,
      `one of ${FEATURE_DEFINITIONS.join(', ')}`,
    ),
    normalisation: embeddedNormalisation(json['normalization'] ?? null, `normalization of ${source}`, faults),
    trainingRange: embeddedNormalisation(
      json['training_range'] ?? null,
      `training_range of ${source}`,
      faults,
    ),
    abstainLimit: read('abstain_limit', isLimit, 'a number of at least 0'),
  };
}

function embeddedNormalisation(json: unknown, source: string, faults: string[]): Normalisation | null {
  if (json === null) return null;
  try {
    return Normalisation.of(json, source);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    faults.push(error.detail);
    return null;
  }
}

const isLimit = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0;
const isIntegerTo =
  (max: number) =>
  (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= max;
const isDistinctList = <T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] =>
  Array.isArray(value) && value.length > 0 && value.every(isItem) && new Set(value).size === value.length;
const isNameList = (value: unknown): value is readonly string[] => isDistinctList(value, isName);
const isHorizonList = (value: unknown): value is readonly number[] =>
  isDistinctList(value, isIntegerTo(MAX_HORIZON));
const isPeriodList = (value: unknown): value is readonly number[] =>
  isDistinctList(value, isIntegerTo(MAX_WINDOW));
/** The original's optimiser writes 0 and 1. */
const isSwitch = (value: unknown): value is boolean | 0 | 1 =>
  typeof value === 'boolean' || value === 0 || value === 1;
const isFeatureDefinitions = (value: unknown): value is FeatureDefinitions =>
  FEATURE_DEFINITIONS.some((one) => one === value);
const isTargetKind = (value: unknown): value is TargetKind => TARGET_KINDS.some((kind) => kind === value);
