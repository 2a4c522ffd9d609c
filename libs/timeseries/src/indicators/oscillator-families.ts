import { ExponentialAverage, WilderAverage } from './averages.js';
import {
  type Family,
  forgetsExponential,
  forgetsWilder,
  period,
  type PriceBar,
  type Stream,
} from './family.js';
import { Past, WindowMax, WindowSum } from './windows.js';

const WILDER = 'J. W. Wilder, New Concepts in Technical Trading Systems, 1978';
const RANGES = ['HIGH', 'LOW', 'CLOSE'] as const;
const itself = (bars: number): number => bars;
const last = (bars: number): number => bars - 1;

/** Greatest of high - low, |high - close before| and |low - close before|; NaN for the first bar. */
export function trueRanges(): (bar: PriceBar) => number {
  let before = NaN;
  return ({ high, low, close }) => {
    const range = Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
    before = close;
    return range;
  };
}

/** Oscillators and the directional system. */
export const OSCILLATOR_FAMILIES: readonly Family[] = [
  {
    members: [
      {
        name: 'RSI',
        formula: '100 · U / (U + |D|), RMAₙ of the rises and falls of C; without value while nothing moved',
        first: itself,
      },
    ],
    periods: [period(14)],
    needs: ['CLOSE'],
    source: WILDER,
    settles: forgetsWilder,
    create: (bars) => {
      const [rises, falls, past] = [new WilderAverage(bars), new WilderAverage(bars), new Past(1)];
      return (bar, values) => {
        const change = bar.close - past.next(bar.close);
        const up = rises.next(change < 0 ? 0 : change);
        const down = falls.next(change > 0 ? 0 : change);
        values[0] = (100 * up) / (up + Math.abs(down));
      };
    },
  },
  {
    members: [
      { name: 'MACD', formula: 'EMA_fast - EMA_slow', first: (fast, slow) => Math.max(fast, slow) - 1 },
      {
        name: 'MACD_Signal',
        aliases: ['MACDs'],
        formula: 'EMA_signal of MACD, from its first value on',
        first: (fast, slow, signal) => Math.max(fast, slow) + signal - 2,
      },
      {
        name: 'MACD_Histogram',
        aliases: ['MACDh', 'MACD_hist'],
        formula: 'MACD - MACD_Signal',
        first: (fast, slow, signal) => Math.max(fast, slow) + signal - 2,
      },
    ],
    periods: [period(12, 'fast'), period(26, 'slow'), period(9, 'signal')],
    needs: ['CLOSE'],
    source: 'G. Appel, Technical Analysis: Power Tools for Active Investors, 2005',
    settles: (fast, slow, signal) => forgetsExponential(Math.max(fast, slow)) + forgetsExponential(signal),
    create: (fast, slow, signal) => {
      const [quick, calm] = [new ExponentialAverage(fast), new ExponentialAverage(slow)];
      const smooth = new ExponentialAverage(signal);
      return (bar, values) => {
        const line = quick.next(bar.close) - calm.next(bar.close);
        const average = smooth.next(line);
        values[0] = line;
        values[1] = average;
        values[2] = line - average;
      };
    },
  },
  {
    members: [
      {
        name: 'Stochastic_%K',
        aliases: ['STOCHk'],
        formula:
          'mean of the last smooth_k of 100 · (C - lowₙ) / (highₙ - lowₙ); a range of zero counts as 0',
        first: (bars, smooth) => bars + smooth - 2,
      },
      {
        name: 'Stochastic_%D',
        aliases: ['STOCHd'],
        formula: 'mean of the last smooth_d %K',
        first: (bars, smooth, signal) => bars + smooth + signal - 3,
      },
    ],
    periods: [period(14), period(3, 'smooth_k'), period(3, 'smooth_d')],
    needs: RANGES,
    source: 'G. C. Lane, Stochastics, Technical Analysis of Stocks & Commodities, 1984',
    create: stochastic,
  },
  {
    members: [
      {
        name: 'WilliamsR',
        aliases: ['WILLR'],
        formula: '100 · ((C - lowₙ) / (highₙ - lowₙ) - 1)',
        first: last,
      },
    ],
    periods: [period(14)],
    needs: RANGES,
    source: 'L. Williams, How I Made One Million Dollars, 1973',
    create: (bars) => {
      const [highs, lows] = [new WindowMax(bars), new WindowMax(bars)];
      return ({ high, low, close }, values) => {
        const lowest = -lows.next(-low);
        values[0] = 100 * ((close - lowest) / (highs.next(high) - lowest) - 1);
      };
    },
  },
  {
    members: [
      {
        name: 'CCI',
        formula:
          '(T - mean) / (0.015 · mean |T - mean|) over the last n typical prices T; its cost grows with n',
        first: last,
      },
    ],
    periods: [period(14)],
    needs: RANGES,
    source: 'D. R. Lambert, Commodity Channel Index, Commodities, 1980',
    create: commodityChannel,
  },
  {
    members: [
      {
        name: 'DI+',
        aliases: ['DI_plus', 'plus_DI', 'DMP'],
        formula: '100 / ATRₙ · RMAₙ(+DM); +DM = H - H₋₁ where that is positive and above L₋₁ - L, else 0',
        first: itself,
      },
      {
        name: 'DI-',
        aliases: ['DI_minus', 'minus_DI', 'DMN'],
        formula: '100 / ATRₙ · RMAₙ(-DM); -DM = L₋₁ - L where that is positive and above H - H₋₁, else 0',
        first: itself,
      },
      {
        name: 'ADX',
        formula: 'RMAₙ of 100 · |DI+ - DI-| / (DI+ + DI-)',
        first: (bars) => 2 * bars - 1,
      },
    ],
    periods: [period(14)],
    needs: RANGES,
    source: WILDER,
    settles: (bars) => 2 * forgetsWilder(bars),
    create: directionalMovement,
  },
];

function stochastic(bars: number, smooth: number, signal: number): Stream {
  const [highs, lows] = [new WindowMax(bars), new WindowMax(bars)];
  const [kSum, dSum] = [new WindowSum(smooth), new WindowSum(signal)];
  return ({ high, low, close }, values) => {
    const lowest = -lows.next(-low);
    const range = highs.next(high) - lowest;
    // pandas_ta adds this to every window once one range is zero; that looks ahead and changes the others by 1e-13.
    const k = kSum.next((100 * (close - lowest)) / (range === 0 ? Number.EPSILON : range)) / smooth;
    values[0] = k;
    values[1] = dSum.next(k) / signal;
  };
}

function commodityChannel(bars: number): Stream {
  const sum = new WindowSum(bars);
  const ring = new Float64Array(bars).fill(NaN);
  let at = 0;
  return ({ high, low, close }, values) => {
    const typical = (high + low + close) / 3;
    ring[at] = typical;
    at = at + 1 === bars ? 0 : at + 1;
    const centre = sum.next(typical) / bars;
    let deviation = 0;
    for (let place = 0; place < bars; place += 1) deviation += Math.abs((ring[place] ?? NaN) - centre);
    values[0] = (typical - centre) / (0.015 * (deviation / bars));
  };
}

function directionalMovement(bars: number): Stream {
  const [plus, minus, ranges, index] = Array.from({ length: 4 }, () => new WilderAverage(bars)) as [
    WilderAverage,
    WilderAverage,
    WilderAverage,
    WilderAverage,
  ];
  const rangeOf = trueRanges();
  const [highs, lows] = [new Past(1), new Past(1)];
  return (bar, values) => {
    const up = bar.high - highs.next(bar.high);
    const down = lows.next(bar.low) - bar.low;
    const scale = 100 / ranges.next(rangeOf(bar));
    const rising = scale * plus.next(winner(up, down));
    const falling = scale * minus.next(winner(down, up));
    values[0] = rising;
    values[1] = falling;
    values[2] = index.next((100 * Math.abs(rising - falling)) / (rising + falling));
  };
}

/** A move that is positive and greater than the opposite one, else 0; NaN before there is any. */
const winner = (one: number, other: number): number =>
  Number.isNaN(one) ? NaN : one > other && one > 0 ? one : 0;
