import { existsSync, readFileSync } from 'node:fs';
import { describe } from '@jest/globals';

/** Hourly EUR/USD bars, 2010-03 to 2011-06, and 2018-12 to 2020-04. */
export const YEARS_2010 = '../shared/data/eurusd_1h_2010-2011.csv';
export const YEARS_2018 = '../shared/data/eurusd_1h_2018-2020.csv';
const VECTORS = '../shared/vectors/oracles.json';

/** Reference answers are compared where the reference data lie beside the project. */
export const whenShared = [YEARS_2010, YEARS_2018, VECTORS].every((path) => existsSync(path))
  ? describe
  : describe.skip;

export interface EntryCase {
  readonly request: {
    readonly datetime: string;
    readonly tp: number;
    readonly sl: number;
    readonly spread_pips: number;
    readonly commission_per_lot: number;
    readonly slippage_pips: number;
  };
  readonly response: Readonly<Record<string, number | string>>;
  readonly matched_bar?: string;
  readonly current_price?: number;
}
export interface ExitCase {
  readonly request: {
    readonly datetime: string;
    readonly direction: 'buy' | 'sell';
    readonly tp_price: number;
    readonly sl_price: number;
  };
  readonly response: Readonly<Record<string, number | string>>;
  readonly matched_bar?: string;
}
export interface OracleCases {
  readonly params: Readonly<Record<string, number>>;
  readonly entry: readonly EntryCase[];
  readonly exit?: readonly ExitCase[];
}
export interface NoisyCases {
  readonly params: Readonly<Record<string, number>>;
  readonly cases: readonly {
    readonly timestamp: string;
    readonly hourly_predictions: readonly number[];
    readonly daily_predictions: readonly number[];
  }[];
}

/** Answers to the questions in the file on the bars of {@link YEARS_2018}: `horizon_mode=original`, sequential noise. */
export interface ReferenceAnswers {
  readonly binary_ideal_oracle: OracleCases;
  readonly binary_ideal_oracle_noisy: OracleCases;
  readonly direction_ideal_oracle: OracleCases;
  readonly noisy_ideal_predictor: readonly NoisyCases[];
}

export const readReferenceAnswers = (): ReferenceAnswers =>
  JSON.parse(readFileSync(VECTORS, 'utf8')) as ReferenceAnswers;
