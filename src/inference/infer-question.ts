import { warn } from '#libs/http';
import { isRecord } from '#libs/kernel';
import { tensorFault } from '#libs/open-inference';

/** An output that is asked for. */
export interface WantedOutput {
  readonly name: string;
  /** Whether it is to follow behind the JSON; undefined where it does not say. */
  readonly isBinary: boolean | undefined;
}

/** A request without its tensors. */
export interface InferQuestion {
  /** Undefined where there is none: then the answer has none. */
  readonly id: string | undefined;
  readonly outputs: readonly WantedOutput[] | null;
  /** Outputs that do not say otherwise follow behind the JSON. */
  readonly isBinary: boolean;
  readonly samples: number;
  readonly seed: number | null;
}

const MOST_SAMPLES = 100_000;
const MOST_OUTPUTS = 64;
const LARGEST_SEED = 2 ** 32 - 1;

/** @throws AppError naming the member at fault */
export function readQuestion(json: Readonly<Record<string, unknown>>): InferQuestion {
  const { id, parameters = {}, outputs } = json;
  if (id !== undefined && typeof id !== 'string') throw tensorFault('id must be a text');
  if (!isRecord(parameters)) throw tensorFault('parameters must be a JSON object');
  const { samples = 0, seed = null, binary_data_output: isBinary = false, ...others } = parameters;
  for (const name of Object.keys(others))
    warn({ code: 'ignored_field', field: `parameters.${name}`, message: 'There is no such parameter' });
  if (!isWhole(samples, MOST_SAMPLES))
    throw tensorFault(`parameters.samples must be a whole number from 0 to ${MOST_SAMPLES}`);
  if (seed !== null && !isWhole(seed, LARGEST_SEED))
    throw tensorFault(`parameters.seed must be a whole number from 0 to ${LARGEST_SEED}`);
  if (typeof isBinary !== 'boolean') throw tensorFault('parameters.binary_data_output must be true or false');
  return { id, outputs: outputs === undefined ? null : wantedOutputs(outputs), isBinary, samples, seed };
}

const isWhole = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;

function wantedOutputs(outputs: unknown): readonly WantedOutput[] | null {
  if (!Array.isArray(outputs) || outputs.length > MOST_OUTPUTS)
    throw tensorFault(`outputs must be a list of at most ${MOST_OUTPUTS} outputs`);
  const wanted = outputs.map((output: unknown): WantedOutput => {
    if (!isRecord(output) || typeof output['name'] !== 'string')
      throw tensorFault('every one of outputs needs a name');
    const { name, parameters = {} } = output;
    if (!isRecord(parameters)) throw tensorFault(`the parameters of the output "${name}" are no JSON object`);
    const { binary_data: isBinary } = parameters;
    if (isBinary !== undefined && typeof isBinary !== 'boolean')
      throw tensorFault(`binary_data of the output "${name}" must be true or false`);
    return { name, isBinary };
  });
  return wanted.length === 0 ? null : wanted;
}
