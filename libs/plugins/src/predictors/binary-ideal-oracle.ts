import type { ParametersOf } from '#libs/kernel';
import type { EntryQuestion, ExitQuestion, ModelInfo, Predictor } from '#libs/plugin-sdk';
import { definePredictor } from '#libs/plugin-sdk';
import { buyPays, sellPays } from './oracle/barrier-scan.js';
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
    default: 30,
    min: 0,
    help: 'Bars advertised at least where the data end before the trading week does.',
  },
  noise_probability: {
    type: 'number',
    default: 0,
    min: 0,
    max: 1,
    help: 'Probability with which each signal is turned over; 0 is the truth.',
  },
  spread_cost_pips: {
    type: 'number',
    default: 5,
    help: 'Pips added to the take-profit of an entry question that states no costs.',
  },
} as const;

type Settings = ParametersOf<typeof parameters>;

const DEFAULT_TAKE_PROFIT_PIPS = 5;
const DEFAULT_STOP_LOSS_PIPS = 10;

/**
 * Answers entry and exit questions from the bars that follow, to the end of the trading week: would the take-profit be
 * reached before the stop-loss? Costs widen the take-profit only. With `noise_probability` a signal is turned over.
 */
export class BinaryIdealOracle implements Predictor {
  private readonly noise: NoiseSource;

  constructor(
    private readonly bars: OracleBars,
    private readonly settings: Settings,
  ) {
    this.noise = createNoise(settings.noise_mode, settings.noise_seed);
  }

  entry(question: EntryQuestion): OracleEntryAnswer {
    const bars = this.bars;
    const pip = this.settings.pip_cost;
    const row = bars.rowAt(question.time);
    const price = bars.priceOf(row);
    const takeProfitPips = question.takeProfitPips > 0 ? question.takeProfitPips : DEFAULT_TAKE_PROFIT_PIPS;
    const stopLossPips = question.stopLossPips > 0 ? question.stopLossPips : DEFAULT_STOP_LOSS_PIPS;
    const gain = (takeProfitPips + this.costPips(question)) * pip;
    const loss = stopLossPips * pip;
    const last = bars.lastVisible(row);
    const buy = buyPays(bars, row + 1, last, price + gain, price - loss);
    const sell = sellPays(bars, row + 1, last, price - gain, price + loss);
    return {
      buy: this.disturb(row, ENTRY_SIGNALS.buy, buy),
      sell: this.disturb(row, ENTRY_SIGNALS.sell, sell),
      barsRemaining: bars.horizonOf(row),
      buyConfidence: 1,
      sellConfidence: 1,
      matchedTime: bars.timeOf(row),
      currentPrice: price,
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
      ...oracleInfo('binary_ideal_oracle', 'weekly', this.settings, this.bars),
      noise_probability: this.settings.noise_probability,
    };
  }

  private costPips({ spreadPips, slippagePips, commissionPerLot }: EntryQuestion): number {
    if (!(spreadPips > 0 || commissionPerLot > 0 || slippagePips > 0)) return this.settings.spread_cost_pips;
    return spreadPips + slippagePips + commissionPips(commissionPerLot, this.settings.pip_cost);
  }

  private disturb(row: number, signal: string, truth: 0 | 1): 0 | 1 {
    const probability = this.settings.noise_probability;
    if (probability === 0) return truth;
    const { bars, settings } = this;
    const draw = this.noise.uniform(settings.symbol, bars.timeOf(row), bars.horizonOf(row), signal);
    return draw < probability ? flipped(truth) : truth;
  }
}

const flipped = (value: 0 | 1): 0 | 1 => (value === 1 ? 0 : 1);

export default definePredictor({
  id: 'binary_ideal_oracle',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Test instrument that looks ahead: says from the bars that follow whether a trade reaches its take-profit before its stop-loss in the same week.',
  parameters,
  capabilities: ['entry', 'exit', 'describe'],
  looksAhead: true,
  create: async (context) =>
    new BinaryIdealOracle(await loadOracleBars(context.parameters, context), context.parameters),
});
