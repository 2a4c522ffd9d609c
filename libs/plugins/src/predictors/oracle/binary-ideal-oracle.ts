import { decimal, integer, type ParametersOf } from '#libs/kernel';
import { definePredictor, type EntryQuestion, type ModelInfo } from '#libs/plugin-sdk';
import { BarrierOracle, type BarrierDistances, type Signal } from './barrier-oracle.js';
import { HORIZON_HELP, loadOracleBars, oracleParameters } from './oracle-bars.js';

const parameters = {
  ...oracleParameters,
  prediction_horizon: integer({ default: 30, min: 0 }, HORIZON_HELP),
  noise_probability: decimal(
    { default: 0, min: 0, max: 1 },
    'Probability with which each signal is inverted; 0 inverts none.',
  ),
  spread_cost_pips: decimal(5, 'Pips added to the take-profit when an entry question states no costs.'),
} as const;

const DEFAULT_TAKE_PROFIT_PIPS = 5;
const DEFAULT_STOP_LOSS_PIPS = 10;

/** Costs widen the take-profit only. With `noise_probability` a signal is turned over. */
export class BinaryIdealOracle extends BarrierOracle<ParametersOf<typeof parameters>> {
  describe(): ModelInfo {
    const { noise_probability } = this.settings;
    return { ...this.info('binary_ideal_oracle', 'weekly'), noise_probability };
  }

  protected distancesOf(question: EntryQuestion): BarrierDistances {
    const { pip_cost: pip } = this.settings;
    const takeProfitPips = question.takeProfitPips > 0 ? question.takeProfitPips : DEFAULT_TAKE_PROFIT_PIPS;
    const stopLossPips = question.stopLossPips > 0 ? question.stopLossPips : DEFAULT_STOP_LOSS_PIPS;
    return { gain: (takeProfitPips + this.#costPips(question)) * pip, cost: 0, loss: stopLossPips * pip };
  }

  #costPips({ spreadPips, slippagePips, commissionPerLot }: EntryQuestion): number {
    if (!(spreadPips > 0 || commissionPerLot > 0 || slippagePips > 0)) return this.settings.spread_cost_pips;
    return spreadPips + slippagePips + this.commissionPips(commissionPerLot);
  }

  protected disturbed(truth: 0 | 1, row: number, signal: Signal): 0 | 1 {
    const { noise_probability } = this.settings;
    const isTurned =
      noise_probability > 0 && this.noise.uniform(...this.drawKey(row, signal)) < noise_probability;
    if (!isTurned) return truth;
    return truth === 1 ? 0 : 1;
  }
}

export default definePredictor({
  id: 'binary_ideal_oracle',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Test instrument that looks ahead: reads from later bars whether a trade reaches its take-profit before its stop-loss within the same week.',
  parameters,
  capabilities: ['entry', 'exit', 'describe'],
  looksAhead: true,
  create: async (context) =>
    new BinaryIdealOracle(await loadOracleBars(context.parameters, context), context.parameters),
});
