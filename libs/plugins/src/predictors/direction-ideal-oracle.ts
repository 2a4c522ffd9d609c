import type { ParametersOf } from '#libs/kernel';
import type { EntryQuestion, ExitQuestion, ModelInfo, Predictor, PredictorMetrics } from '#libs/plugin-sdk';
import { definePredictor } from '#libs/plugin-sdk';
import { recentRange, wilderAtr } from '#libs/timeseries';
import { buyPays, sellPays } from './oracle/barrier-scan.js';
import { ConfusionCounts } from './oracle/confusion-counts.js';
import { loadOracleBars } from './oracle/load-oracle-bars.js';
import { createNoise, type NoiseSource } from './oracle/noise-source.js';
import {
  commissionPips,
  ENTRY_SIGNALS,
  EXIT_SIGNALS,
  keepPays,
  type OracleEntryAnswer,
  type OracleExitAnswer,
} from './oracle/oracle-answers.js';
import type { OracleBars } from './oracle/oracle-bars.js';
import { oracleInfo } from './oracle/oracle-info.js';
import { oracleParameters } from './oracle/oracle-parameters.js';

const parameters = {
  ...oracleParameters,
  prediction_horizon: {
    type: 'integer',
    default: 120,
    min: 0,
    help: 'Bars advertised at least where the data end before the trading week does.',
  },
  atr_period: { type: 'integer', default: 14, min: 1, help: 'Bars of the average true range.' },
  noise_std: {
    type: 'number',
    default: 0,
    min: 0,
    help: 'Standard deviation of the normal noise added to each signal (0 or 1) before it is cut at 0.5; 0 is the truth.',
  },
} as const;

type Settings = ParametersOf<typeof parameters>;

/** An entry answer with the average true range at the bar, in price units. */
export type DirectionEntryAnswer = OracleEntryAnswer & { readonly atr: number };

/**
 * Answers like the binary oracle, with no default distances and no default costs. Normal noise may turn a signal over;
 * what was said is counted against the noiseless truth.
 */
export class DirectionIdealOracle implements Predictor {
  private readonly noise: NoiseSource;
  private readonly counts = new ConfusionCounts();
  private readonly atr: Float64Array;
  private noiseStd: number;

  constructor(
    private readonly bars: OracleBars,
    private readonly settings: Settings,
  ) {
    this.noise = createNoise(settings.noise_mode, settings.noise_seed);
    this.atr = wilderAtr(bars.high, bars.low, bars.close, settings.atr_period).map((value, row) =>
      Number.isNaN(value) ? recentRange(bars.high, bars.low, row) : value,
    );
    this.noiseStd = settings.noise_std;
  }

  entry(question: EntryQuestion): DirectionEntryAnswer {
    const bars = this.bars;
    const pip = this.settings.pip_cost;
    const row = bars.rowAt(question.time);
    const price = bars.priceOf(row);
    const gain = question.takeProfitPips * pip;
    const loss = question.stopLossPips * pip;
    const cost = this.costPips(question) * pip;
    const last = bars.lastVisible(row);
    // Target and cost are added one after the other: the sum of both first gives other last bits.
    const buy = buyPays(bars, row + 1, last, price + gain + cost, price - loss);
    const sell = sellPays(bars, row + 1, last, price - gain - cost, price + loss);
    return {
      buy: this.disturb(row, ENTRY_SIGNALS.buy, buy),
      sell: this.disturb(row, ENTRY_SIGNALS.sell, sell),
      barsRemaining: bars.horizonOf(row),
      buyConfidence: 1,
      sellConfidence: 1,
      matchedTime: bars.timeOf(row),
      currentPrice: price,
      atr: this.atr[row] ?? NaN,
    };
  }

  exit(question: ExitQuestion): OracleExitAnswer {
    const row = this.bars.rowAt(question.time);
    const keep = keepPays(this.bars, row, question);
    return {
      keep: this.disturb(row, EXIT_SIGNALS[question.direction], keep),
      confidence: 1,
      matchedTime: this.bars.timeOf(row),
      currentPrice: this.bars.priceOf(row),
    };
  }

  describe(): ModelInfo {
    return {
      ...oracleInfo('direction_ideal_oracle', 'path_scanning', this.settings, this.bars),
      noise_std: this.noiseStd,
      atr_period: this.settings.atr_period,
    };
  }

  metrics(): PredictorMetrics {
    return this.counts.metrics(this.noiseStd);
  }

  resetMetrics(): void {
    this.counts.reset();
    this.noise.reseed();
  }

  setNoise(std: number): void {
    this.noiseStd = std;
    this.resetMetrics();
  }

  private costPips({ spreadPips, slippagePips, commissionPerLot }: EntryQuestion): number {
    const beforeCommission = spreadPips + slippagePips;
    return commissionPerLot > 0
      ? beforeCommission + commissionPips(commissionPerLot, this.settings.pip_cost)
      : beforeCommission;
  }

  private disturb(row: number, signal: string, truth: 0 | 1): 0 | 1 {
    const said = this.noiseStd === 0 ? truth : this.noisy(row, signal, truth);
    this.counts.record(said, truth);
    return said;
  }

  private noisy(row: number, signal: string, truth: 0 | 1): 0 | 1 {
    const { bars, settings } = this;
    const time = bars.timeOf(row);
    const disturbance = this.noise.normal(settings.symbol, time, bars.horizonOf(row), signal, this.noiseStd);
    return truth + disturbance > 0.5 ? 1 : 0;
  }
}

export default definePredictor({
  id: 'direction_ideal_oracle',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Test instrument that looks ahead: reads take-profit and stop-loss hits from the bars that follow, with adjustable noise and counts of how often it was right.',
  parameters,
  capabilities: ['entry', 'exit', 'describe', 'metrics', 'noise'],
  looksAhead: true,
  create: async (context) =>
    new DirectionIdealOracle(await loadOracleBars(context.parameters, context), context.parameters),
});
