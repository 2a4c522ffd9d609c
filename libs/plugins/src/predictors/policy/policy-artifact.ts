import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isRecord } from '#libs/kernel';
import { fileFault, type NamedFile } from '../model/model-file.js';
import { POLICY_FEATURES } from './closed-bars.js';

/** The form of an artifact, as the original names it. */
const SCHEMA = 'prediction_provider.live_linear_policy.v1';
const MAX_FILE_BYTES = 1_000_000;

/** A logistic model of {@link POLICY_FEATURES}; all lists are in their order. */
export interface PolicyArtifact {
  readonly modelId: string;
  /** What it was trained for, for example `equity:SPY`; for the reader only. */
  readonly assetId: string;
  /** Length of the bars, for example `1d`. */
  readonly timeframe: string;
  readonly means: readonly number[];
  /** Above 0. */
  readonly scales: readonly number[];
  readonly coefficients: readonly number[];
  readonly intercept: number;
  /** 0.5 to 1 exclusive: a long from this probability of a rise on, a short from this one of a fall on. */
  readonly threshold: number;
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Reads an artifact and checks that it is the one that was meant.
 * @param expected SHA-256 of the file, 64 hexadecimal digits in any case; null is refused with the file's own
 * @throws PluginError `not_configured` naming parameter, file and every fault; the text has no folder
 */
export async function loadPolicy(file: NamedFile, expected: string | null): Promise<PolicyArtifact> {
  const bytes = await readBytes(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (expected?.toLowerCase() !== sha256) {
    const set = expected === null ? 'artifact_sha256 is not set' : `artifact_sha256 is ${expected}`;
    throw fileFault(file, `its SHA-256 is ${sha256}, but ${set}; the file of another digest is not served`);
  }
  const text = bytes.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const way = /\bNaN\b|\bInfinity\b/.test(text) ? ': NaN and Infinity are no finite numbers' : '';
    throw fileFault(file, `is not JSON${way}`, error);
  }
  const faults: string[] = [];
  const artifact = parseArtifact(json, sha256, faults);
  if (faults.length > 0) throw fileFault(file, faults.join('; '));
  return artifact;
}

async function readBytes(file: NamedFile): Promise<Buffer> {
  try {
    const state = await stat(file.path);
    if (!state.isFile()) throw fileFault(file, 'is not a regular file');
    if (state.size > MAX_FILE_BYTES) throw fileFault(file, 'is larger than 1 MB');
    return await readFile(file.path);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'not_configured') throw error;
    throw fileFault(
      file,
      code === 'ENOENT' ? 'there is no such file' : `can't be read (${String(code)})`,
      error,
    );
  }
}

/** Collects what is wrong in `faults`, so that an operator sees all of it at once. Unknown keys are the trainer's own. */
function parseArtifact(json: unknown, sha256: string, faults: string[]): PolicyArtifact {
  const root = isRecord(json) ? json : {};
  if (root['schema'] !== SCHEMA) faults.push(`schema must be ${SCHEMA}`);
  checkNames(root['feature_names'], faults);
  const text = (key: string): string => {
    const value = root[key];
    if (typeof value === 'string' && value.length > 0) return value;
    faults.push(`${key} must be a text`);
    return '';
  };
  const list = (key: string): readonly number[] => {
    const value = root[key];
    const count = POLICY_FEATURES.length;
    if (Array.isArray(value) && value.length === count && value.every(isFinite)) return value as number[];
    const has = Array.isArray(value) ? ` (it has ${value.length})` : '';
    faults.push(`${key} must be a list of ${count} finite numbers${has}`);
    return [];
  };
  const number = (
    key: string,
    value: unknown,
    isRight: (value: number) => boolean,
    allowed: string,
  ): number => {
    if (isFinite(value) && isRight(value)) return value;
    faults.push(`${key} must be ${allowed}`);
    return NaN;
  };
  const scales = list('scales');
  if (scales.some((scale) => scale <= 0)) faults.push('scales must be above 0');
  return {
    modelId: text('model_id'),
    assetId: text('asset_id'),
    timeframe: text('timeframe'),
    means: list('means'),
    scales,
    coefficients: list('coefficients'),
    intercept: number('intercept', root['intercept'], () => true, 'a finite number'),
    threshold: number(
      'probability_threshold',
      root['probability_threshold'] ?? 0.5,
      (value) => value >= 0.5 && value < 1,
      'a number from 0.5 to 1 exclusive',
    ),
    sha256,
  };
}

function checkNames(names: unknown, faults: string[]): void {
  const given: readonly unknown[] = Array.isArray(names) ? names : [];
  const isSame =
    given.length === POLICY_FEATURES.length && POLICY_FEATURES.every((name, at) => given[at] === name);
  if (isSame) return;
  const at = POLICY_FEATURES.findIndex((name, place) => given[place] !== name);
  const first = at === -1 ? '' : `; number ${at + 1} is ${JSON.stringify(given[at]) ?? 'missing'}`;
  faults.push(
    `feature_names has ${given.length} names${first}; it must be, in this order, ${POLICY_FEATURES.join(', ')}`,
  );
}

const isFinite = (value: unknown): value is number => Number.isFinite(value);
