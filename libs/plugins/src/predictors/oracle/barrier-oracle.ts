import type {
  EntryAnswer,
  EntryQuestion,
  ExitAnswer,
  ExitQuestion,
  ModelInfo,
  Predictor,
} from '#libs/plugin-sdk';
import { basicInfo } from '../model-info.js';
import { createNoise, type NoiseSource } from './noise-source.js';
import type { BarColumns, OracleBars, OracleSettings } from './oracle-bars.js';

/** The bar behind an oracle's answer; the synchronous endpoints pass on only what the SDK's answers name. */
interface MatchedBar {
  /** Epoch ms UTC of the bar that the question was matched to. */
  readonly matchedTime: number;
  /** Close of that bar. */
  readonly currentPrice: number;
}

export type OracleEntryAnswer = EntryAnswer & MatchedBar;
export type OracleExitAnswer = ExitAnswer & MatchedBar;

/** How far target and stop of an entry question lie from the price, in price units. */
export interface BarrierDistances {
  readonly gain: number;
  /** Widens the target. */
  readonly cost: number;
  readonly loss: number;
}

/** What noise is drawn for; the name keeps the draws of one bar apart. */
export type Signal = 'buy_entry' | 'sell_entry' | 'buy_exit' | 'sell_exit';

/**
 * Answers entry and exit questions from the bars that follow, up to the horizon of the bar: would the take-profit be
 * reached before the stop-loss? The oracles differ in what an entry question's distances are and in what noise does to a
 * true answer.
 */
export abstract class BarrierOracle<S extends OracleSettings> implements Predictor {
  protected readonly noise: NoiseSource;

  constructor(
    protected readonly bars: OracleBars,
    protected readonly settings: S,
  ) {
    this.noise = createNoise(settings.noise_mode, settings.noise_seed);
  }

  protected abstract distancesOf(question: EntryQuestion): BarrierDistances;
  /** What noise makes of a true answer. */
  protected abstract disturbed(truth: 0 | 1, row: number, signal: Signal): 0 | 1;

  entry(question: EntryQuestion): OracleEntryAnswer {
    return this.entryAt(this.bars.rowAt(question.time), question);
  }

  protected entryAt(row: number, question: EntryQuestion): OracleEntryAnswer {
    const { bars } = this;
    const price = bars.priceOf(row);
    const { gain, cost, loss } = this.distancesOf(question);
    const last = bars.lastVisible(row);
    // Target and cost are added one after the other: the sum of both first gives other last bits.
    const buy = buyPays(bars, row + 1, last, price + gain + cost, price - loss);
    const sell = sellPays(bars, row + 1, last, price - gain - cost, price + loss);
    return {
      buy: this.disturbed(buy, row, 'buy_entry'),
      sell: this.disturbed(sell, row, 'sell_entry'),
      barsRemaining: bars.horizonOf(row),
      buyConfidence: 1,
      sellConfidence: 1,
      matchedTime: bars.timeOf(row),
      currentPrice: price,
    };
  }

  exit({ time, direction, takeProfitPrice, stopLossPrice }: ExitQuestion): OracleExitAnswer {
    const { bars } = this;
    const row = bars.rowAt(time);
    const currentPrice = bars.priceOf(row);
    const pays = direction === 'buy' ? buyPays : sellPays;
    const keep = pays(bars, row + 1, bars.lastVisible(row), takeProfitPrice, stopLossPrice);
    return {
      keep: this.disturbed(keep, row, `${direction}_exit`),
      confidence: 1,
      matchedTime: bars.timeOf(row),
      currentPrice,
    };
  }

  /** The original's keys, then what makes the answers what they are. */
  protected info(name: string, scope: string): ModelInfo {
    const { window_size, horizon_mode, timestamp_match, match_limit_seconds, noise_mode } = this.settings;
    return {
      ...basicInfo({
        name,
        scope,
        answers: ['entry', 'exit'],
        windowSize: window_size,
        columns: ['OPEN', 'HIGH', 'LOW', 'CLOSE'],
        looksAhead: true,
      }),
      horizon_mode,
      timestamp_match,
      match_limit_seconds,
      noise_mode,
      ...this.bars.summary,
    };
  }

  /** The key of a draw: symbol, time and horizon of the bar, and the signal. */
  protected drawKey(
    row: number,
    signal: Signal,
  ): [symbol: string, time: number, horizon: number, signal: Signal] {
    return [this.settings.symbol, this.bars.timeOf(row), this.bars.horizonOf(row), signal];
  }

  /** Both commissions of a trade (USD per 100,000 units) in pips, by the price of one pip for that size; 0 without a pip. */
  protected commissionPips(commissionPerLot: number): number {
    const { pip_cost: pip } = this.settings;
    return pip > 0 ? (2 * commissionPerLot) / (100_000 * pip) : 0;
  }
}

/**
 * Does a long position reach its take-profit before its stop-loss in the rows `first` to `last` (inclusive)? Within a row
 * the stop comes first and is touched by the low; the target counts only on the close. 0 when neither is reached.
 * Levels are absolute prices; equality touches. A NaN price touches nothing.
 */
function buyPays(
  { low, close }: BarColumns,
  first: number,
  last: number,
  takeProfit: number,
  stopLoss: number,
): 0 | 1 {
  for (let row = first; row <= last; row += 1) {
    if ((low[row] ?? NaN) <= stopLoss) return 0;
    if ((close[row] ?? NaN) >= takeProfit) return 1;
  }
  return 0;
}

/** As {@link buyPays} for a short position: the stop is touched by the high, the target lies below. */
function sellPays(
  { high, close }: BarColumns,
  first: number,
  last: number,
  takeProfit: number,
  stopLoss: number,
): 0 | 1 {
  for (let row = first; row <= last; row += 1) {
    if ((high[row] ?? NaN) >= stopLoss) return 0;
    if ((close[row] ?? NaN) <= takeProfit) return 1;
  }
  return 0;
}
