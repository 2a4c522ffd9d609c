import { decimal, integer, type ParametersOf } from '#libs/kernel';
import { definePredictor, type EntryQuestion, type ModelInfo, type PredictorMetrics } from '#libs/plugin-sdk';
import { recentRange, wilderAtr } from '#libs/timeseries';
import {
  BarrierOracle,
  type BarrierDistances,
  type OracleEntryAnswer,
  type Signal,
} from './barrier-oracle.js';
import { HORIZON_HELP, loadOracleBars, type OracleBars, oracleParameters } from './oracle-bars.js';

const parameters = {
  ...oracleParameters,
  prediction_horizon: integer({ default: 120, min: 0 }, HORIZON_HELP),
  atr_period: integer({ default: 14, min: 1 }, 'Number of bars of the average true range.'),
  noise_std: decimal(
    { default: 0, min: 0 },
    'Standard deviation of the normal noise added to each signal (0 or 1) before it is rounded at 0.5; 0 adds no noise.',
  ),
} as const;

type Settings = ParametersOf<typeof parameters>;

/** An entry answer with the average true range at the bar, in price units. */
export type DirectionEntryAnswer = OracleEntryAnswer & { readonly atr: number };

/**
 * Answers like the binary oracle, with no default distances and no default costs. Normal noise may turn a signal over;
 * what was said is counted against the noiseless truth.
 */
export class DirectionIdealOracle extends BarrierOracle<Settings> {
  readonly #counts = new ConfusionCounts();
  readonly #atr: Float64Array;
  #noiseStd: number;

  constructor(bars: OracleBars, settings: Settings) {
    super(bars, settings);
    this.#atr = wilderAtr(bars.high, bars.low, bars.close, settings.atr_period).map((value, row) =>
      Number.isNaN(value) ? recentRange(bars.high, bars.low, row) : value,
    );
    this.#noiseStd = settings.noise_std;
  }

  override entry(question: EntryQuestion): DirectionEntryAnswer {
    const row = this.bars.rowAt(question.time);
    return { ...this.entryAt(row, question), atr: this.#atr[row] ?? NaN };
  }

  describe(): ModelInfo {
    const info = this.info('direction_ideal_oracle', 'path_scanning');
    return { ...info, noise_std: this.#noiseStd, atr_period: this.settings.atr_period };
  }

  metrics(): PredictorMetrics {
    return this.#counts.metrics(this.#noiseStd);
  }

  resetMetrics(): void {
    this.#counts.reset();
    this.noise.reseed();
  }

  setNoise(std: number): void {
    this.#noiseStd = std;
    this.resetMetrics();
  }

  protected distancesOf(question: EntryQuestion): BarrierDistances {
    const { pip_cost: pip } = this.settings;
    const { takeProfitPips, stopLossPips, spreadPips, slippagePips, commissionPerLot } = question;
    const commission = commissionPerLot > 0 ? this.commissionPips(commissionPerLot) : 0;
    const cost = spreadPips + slippagePips + commission;
    return { gain: takeProfitPips * pip, cost: cost * pip, loss: stopLossPips * pip };
  }

  protected disturbed(truth: 0 | 1, row: number, signal: Signal): 0 | 1 {
    const std = this.#noiseStd;
    const noise = std === 0 ? 0 : this.noise.normal(...this.drawKey(row, signal), std);
    const said = truth + noise > 0.5 ? 1 : 0;
    this.#counts.record(said, truth);
    return said;
  }
}

export default definePredictor({
  id: 'direction_ideal_oracle',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Test instrument that looks ahead: reads take-profit and stop-loss hits from later bars, with adjustable noise and counts of how often it was right.',
  parameters,
  capabilities: ['entry', 'exit', 'describe', 'metrics', 'noise'],
  looksAhead: true,
  create: async (context) =>
    new DirectionIdealOracle(await loadOracleBars(context.parameters, context), context.parameters),
});

/** Counts what a noisy oracle said against the noiseless truth, over all callers since the last reset. */
export class ConfusionCounts {
  private truePositives = 0;
  private falsePositives = 0;
  private trueNegatives = 0;
  private falseNegatives = 0;

  record(said: 0 | 1, truth: 0 | 1): void {
    if (said === 1) {
      if (truth === 1) this.truePositives += 1;
      else this.falsePositives += 1;
    } else if (truth === 0) this.trueNegatives += 1;
    else this.falseNegatives += 1;
  }

  reset(): void {
    this.truePositives = 0;
    this.falsePositives = 0;
    this.trueNegatives = 0;
    this.falseNegatives = 0;
  }

  metrics(noiseStd: number): PredictorMetrics {
    const { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn } = this;
    const precision = ratio(tp, tp + fp);
    const recall = ratio(tp, tp + fn);
    return {
      tp,
      fp,
      tn,
      fn,
      total_predictions: tp + fp + tn + fn,
      precision: sixDecimals(precision),
      recall: sixDecimals(recall),
      f1: sixDecimals(ratio(2 * precision * recall, precision + recall)),
      accuracy: sixDecimals(ratio(tp + tn, tp + fp + tn + fn)),
      noise_std: noiseStd,
    };
  }
}

const ratio = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

/**
 * Rounds to six decimals, exact ties to even as Python's `round`. A double can only lie exactly between two such decimals
 * when it is an odd multiple of 1/128, because 5e-7 = 5^-6 · 2^-7.
 */
function sixDecimals(value: number): number {
  const multiple = value * 128;
  if (Number.isInteger(multiple) && multiple % 2 !== 0) {
    const below = Math.floor(value * 1e6);
    return (below % 2 === 0 ? below : below + 1) / 1e6;
  }
  return Number(value.toFixed(6));
}
