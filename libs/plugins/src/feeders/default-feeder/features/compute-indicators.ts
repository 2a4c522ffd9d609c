import { Frame } from '#libs/plugin-sdk';
import { technicalIndicators, type IndicatorColumn } from '#libs/timeseries';

/** Plain arrays of one length, oldest first, so that they can go to another thread. */
export interface IndicatorInput {
  readonly time: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

export type Indicators = Readonly<Record<IndicatorColumn, Float64Array>>;

/** The market feeder's periods: those of the published feature files but for EMA, which is 20. */
const PERIODS = { ema: 20 };

export const computeIndicators = ({ time, high, low, close }: IndicatorInput): Indicators =>
  technicalIndicators(Frame.of(time, { HIGH: high, LOW: low, CLOSE: close }), PERIODS);
