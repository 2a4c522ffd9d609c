import type { EntryAnswer, PluginError } from '#libs/plugin-sdk';
import { fileFault } from '../model/model-file.js';
import type { Passes, ServedModel } from '../model/served-model.js';

/** A probability with its spread over the passes. */
export interface Probability {
  /** 0 to 1: the mean over the passes. */
  readonly value: number;
  /** Population standard deviation over the passes; 0 for a single one. */
  readonly std: number;
}

/** What a model answers: one probability, or two. */
export type Probabilities = readonly [Probability, ...Probability[]];

/** How many numbers a model may answer, in words. */
const ALLOWED = {
  1: 'one probability is needed',
  2: 'one probability, that of a buy, or two, those of a buy and of a sell, are needed',
} as const;

/** Rounding of a softmax or an average in single precision. */
const ROUNDING = 1e-6;

/** @throws PluginError `not_configured` for a model that, as its file says, answers another number of numbers */
export function refuseOtherOutputs(model: ServedModel, most: 1 | 2): void {
  const sizes = model.outputs.map(({ shape }) =>
    shape.slice(1).reduce<number>((product, length) => product * (length ?? NaN), 1),
  );
  const count = sizes.reduce((sum, size) => sum + size, 0);
  if (count < 1 || count > most) throw otherCount(model, count, most);
}

/**
 * The numbers of all outputs in their order.
 * @throws PluginError `not_configured` for another number of them, or numbers that are no probabilities
 */
export function probabilitiesOf(model: ServedModel, passes: readonly Passes[], most: 1 | 2): Probabilities {
  const [first, ...others] = passes.flatMap(({ mean, std }) =>
    Array.from(mean, (value, at) => probability(model, value, std[at] ?? NaN)),
  );
  const count = first === undefined ? 0 : 1 + others.length;
  if (first === undefined || count > most) throw otherCount(model, count, most);
  return [first, ...others];
}

function probability({ file }: ServedModel, value: number, std: number): Probability {
  if (value >= -ROUNDING && value <= 1 + ROUNDING) return { value: Math.min(1, Math.max(0, value)), std };
  throw fileFault(
    file,
    `it answered ${value}, which is no probability; its last layer must give numbers from 0 to 1, as a sigmoid does`,
  );
}

const otherCount = ({ file }: ServedModel, count: number, most: 1 | 2): PluginError =>
  fileFault(file, `the model answers ${count} numbers; ${ALLOWED[most]}`);

/** Twice the spread taken from certainty: 1 for a single pass. */
export const confidenceOf = ({ std }: Probability): number => Math.max(0, 1 - 2 * std);

/** The other side of a probability. */
export const complementOf = ({ value, std }: Probability): Probability => ({ value: 1 - value, std });

export const isSignal = ({ value }: Probability, threshold: number): 0 | 1 => (value >= threshold ? 1 : 0);

/**
 * The sides that reach the threshold (inclusive). Never both: where both do, the likelier one is given, of equal ones the
 * buy.
 */
export function entrySides(
  buy: Probability,
  sell: Probability,
  threshold: number,
): Omit<EntryAnswer, 'barsRemaining'> {
  const isBuy =
    isSignal(buy, threshold) === 1 && !(isSignal(sell, threshold) === 1 && sell.value > buy.value);
  return {
    buy: isBuy ? 1 : 0,
    sell: isBuy ? 0 : isSignal(sell, threshold),
    buyConfidence: confidenceOf(buy),
    sellConfidence: confidenceOf(sell),
  };
}

/** What is answered where there is no model for entries. */
export const NO_ENTRY = { buy: 0, sell: 0, buyConfidence: 0, sellConfidence: 0 } as const;
