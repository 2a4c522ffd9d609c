import type { EntryAnswer, ExitAnswer, ExitQuestion } from '#libs/plugin-sdk';
import { buyPays, sellPays } from './barrier-scan.js';
import type { OracleBars } from './oracle-bars.js';

/** The bar behind an oracle's answer; the synchronous endpoints pass on only what the SDK's answers name. */
export interface MatchedBar {
  /** Epoch ms UTC of the bar that the question was matched to. */
  readonly matchedTime: number;
  /** Close of that bar. */
  readonly currentPrice: number;
}

export type OracleEntryAnswer = EntryAnswer & MatchedBar;
export type OracleExitAnswer = ExitAnswer & MatchedBar;

/** What noise is drawn for, so that keyed draws of one bar differ by signal. */
export const ENTRY_SIGNALS = { buy: 'buy_entry', sell: 'sell_entry' } as const;
export const EXIT_SIGNALS = { buy: 'buy_exit', sell: 'sell_exit' } as const;

/** Both commissions of a trade (USD per 100,000 units) in pips, by the price of one pip for that size; 0 without a pip. */
export const commissionPips = (commissionPerLot: number, pip: number): number =>
  pip > 0 ? (2 * commissionPerLot) / (100_000 * pip) : 0;

/** Noiseless answer to an exit question at `row`: does the position still reach its target first? */
export function keepPays(bars: OracleBars, row: number, question: ExitQuestion): 0 | 1 {
  const pays = question.direction === 'buy' ? buyPays : sellPays;
  return pays(bars, row + 1, bars.lastVisible(row), question.takeProfitPrice, question.stopLossPrice);
}
