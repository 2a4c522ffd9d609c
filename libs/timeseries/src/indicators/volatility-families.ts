import { WilderAverage } from './averages.js';
import { type Family, forgetsWilder, period } from './family.js';
import { trueRanges } from './oscillator-families.js';
import { Past, WindowMoments, WindowSum } from './windows.js';

const BOLLINGER = 'J. Bollinger, Bollinger on Bollinger Bands, 2001';
const CLOSE = ['CLOSE'] as const;
const VOLUME = ['VOLUME'] as const;
const RANGES = ['HIGH', 'LOW', 'CLOSE'] as const;
const last = (bars: number): number => bars - 1;

/** Ranges, deviations and volume. */
export const VOLATILITY_FAMILIES: readonly Family[] = [
  {
    members: [
      {
        name: 'true_range',
        aliases: ['TR', 'TRANGE'],
        formula: 'greatest of H - L, |H - C₋₁|, |L - C₋₁|',
        first: () => 1,
      },
    ],
    periods: [],
    needs: RANGES,
    source: 'J. W. Wilder, New Concepts in Technical Trading Systems, 1978',
    create: () => {
      const rangeOf = trueRanges();
      return (bar, values) => {
        values[0] = rangeOf(bar);
      };
    },
  },
  {
    members: [
      { name: 'ATR', aliases: ['ATRr'], formula: 'RMAₙ of the true range', first: (bars) => bars },
      { name: 'ATR_ratio', formula: 'ATRₙ / C', first: (bars) => bars },
    ],
    periods: [period(14)],
    needs: RANGES,
    source: 'J. W. Wilder, New Concepts in Technical Trading Systems, 1978',
    settles: forgetsWilder,
    create: (bars) => {
      const rangeOf = trueRanges();
      const average = new WilderAverage(bars);
      return (bar, values) => {
        const range = average.next(rangeOf(bar));
        values[0] = range;
        values[1] = range / bar.close;
      };
    },
  },
  {
    members: [
      {
        name: 'target_ATR_ratio',
        aliases: ['target_over_ATR'],
        formula: 'distance / ATRₙ; without value while nothing moved',
        first: (bars) => bars,
      },
    ],
    periods: [period(14), { name: 'distance', preset: 0.00131325, min: Number.MIN_VALUE, isDecimal: true }],
    needs: RANGES,
    source: 'the feature files of the original, whose target is 131.325 pips of 0.00001',
    settles: forgetsWilder,
    create: (bars, distance) => {
      const rangeOf = trueRanges();
      const average = new WilderAverage(bars);
      return (bar, values) => {
        const range = average.next(rangeOf(bar));
        values[0] = range === 0 ? NaN : distance / range;
      };
    },
  },
  {
    members: [
      {
        name: 'BB_upper',
        aliases: ['BBU'],
        formula: 'mean + width · σ of the last n C (σ: divisor n)',
        first: last,
      },
      { name: 'BB_middle', aliases: ['BBM'], formula: 'mean of the last n C', first: last },
      { name: 'BB_lower', aliases: ['BBL'], formula: 'mean - width · σ', first: last },
      { name: 'BB_Width', aliases: ['BB_bandwidth'], formula: '(upper - lower) / middle', first: last },
      {
        name: 'BB_position',
        aliases: ['BBP', 'percent_b'],
        formula: '(C - lower) / (upper - lower)',
        first: last,
      },
      { name: 'BB_range', formula: 'upper - lower', first: last },
    ],
    periods: [period(20), { name: 'width', preset: 2, min: Number.MIN_VALUE, isDecimal: true }],
    needs: CLOSE,
    source: BOLLINGER,
    create: (bars, width) => {
      const moments = new WindowMoments(bars);
      return ({ close }, values) => {
        moments.next(close);
        const reach = width * moments.deviation(0);
        values[0] = moments.mean + reach;
        values[1] = moments.mean;
        values[2] = moments.mean - reach;
        values[3] = (2 * reach) / moments.mean;
        values[4] = (close - moments.mean + reach) / (2 * reach);
        values[5] = 2 * reach;
      };
    },
  },
  {
    members: [
      {
        name: 'rolling_std',
        aliases: ['STD', 'STDEV'],
        formula: 'σ of the last n C (divisor n - 1)',
        first: last,
      },
      { name: 'zscore', formula: '(C - mean) / σ of the last n C (divisor n - 1)', first: last },
    ],
    periods: [period(20, 'period', 2)],
    needs: CLOSE,
    source: 'sample standard deviation, as pandas rolling(n).std()',
    create: (bars) => {
      const moments = new WindowMoments(bars);
      return ({ close }, values) => {
        moments.next(close);
        const deviation = moments.deviation(1);
        values[0] = deviation;
        values[1] = (close - moments.mean) / deviation;
      };
    },
  },
  {
    members: [
      {
        name: 'typical_price_std',
        aliases: ['typical_std'],
        formula: 'σ of the last n typical prices (divisor n - 1)',
        first: last,
      },
    ],
    periods: [period(24, 'period', 2)],
    needs: RANGES,
    source: 'sample standard deviation, as pandas rolling(n).std()',
    create: (bars) => {
      const moments = new WindowMoments(bars);
      return ({ high, low, close }, values) => {
        moments.next((high + low + close) / 3);
        values[0] = moments.deviation(1);
      };
    },
  },
  {
    members: [
      {
        name: 'volatility',
        aliases: ['return_std', 'realized_volatility'],
        formula: 'σ of the last n log returns (divisor n - 1), not annualised',
        first: (bars) => bars,
      },
    ],
    periods: [period(20, 'period', 2)],
    needs: CLOSE,
    source: 'J. Y. Campbell, A. W. Lo, A. C. MacKinlay, The Econometrics of Financial Markets, 1997',
    create: (bars) => {
      const moments = new WindowMoments(bars);
      const past = new Past(1);
      return ({ close }, values) => {
        moments.next(Math.log(close / past.next(close)));
        values[0] = moments.deviation(1);
      };
    },
  },
  {
    members: [
      {
        name: 'MFI',
        formula:
          '100 · P / (P + N) over n bars: typical price · V where the typical price rose (P) and fell (N)',
        first: (bars) => bars,
      },
    ],
    periods: [period(14)],
    needs: ['HIGH', 'LOW', 'CLOSE', 'VOLUME'],
    source: 'G. Quong, A. Soudack, Volume-Weighted RSI: Money Flow, Stocks & Commodities, 1989',
    create: (bars) => {
      const [rising, falling, past] = [new WindowSum(bars), new WindowSum(bars), new Past(1)];
      return ({ high, low, close, volume }, values) => {
        const typical = (high + low + close) / 3;
        const change = typical - past.next(typical);
        const flow = typical * volume;
        // The first bar has no change, and must not count as one of the n.
        const up = rising.next(Number.isNaN(change) ? NaN : change > 0 ? flow : 0);
        const down = falling.next(change < 0 ? flow : 0);
        values[0] = (100 * up) / (up + down);
      };
    },
  },
  {
    members: [
      {
        name: 'OBV',
        formula:
          'sum of V of bars that closed higher minus V of those that closed lower, from the first bar at hand on',
        first: () => 0,
      },
    ],
    periods: [],
    needs: ['CLOSE', 'VOLUME'],
    source: 'J. Granville, New Key to Stock Market Profits, 1963; begun with V as pandas_ta does',
    create: () => {
      const past = new Past(1);
      let sum = 0;
      return ({ close, volume }, values) => {
        const before = past.next(close);
        sum += close < before ? -volume : close === before ? 0 : volume;
        values[0] = sum;
      };
    },
  },
  {
    members: [
      {
        name: 'relative_volume',
        aliases: ['RVOL', 'volume_ratio'],
        formula: 'V / mean of the last n V, this bar among them',
        first: last,
      },
      {
        name: 'volume_zscore',
        aliases: ['volume_z'],
        formula: '(V - mean) / σ of the last n V (divisor n - 1)',
        first: last,
      },
    ],
    periods: [period(20, 'period', 2)],
    needs: VOLUME,
    source: 'J. J. Murphy, Technical Analysis of the Financial Markets, 1999',
    create: (bars) => {
      const moments = new WindowMoments(bars);
      return ({ volume }, values) => {
        moments.next(volume);
        values[0] = volume / moments.mean;
        values[1] = (volume - moments.mean) / moments.deviation(1);
      };
    },
  },
  {
    members: [
      {
        name: 'VWAP',
        aliases: ['VWMA'],
        formula: 'sum of T · V / sum of V over the last n bars, T the typical price',
        first: last,
      },
    ],
    periods: [period(20)],
    needs: ['HIGH', 'LOW', 'CLOSE', 'VOLUME'],
    source:
      'S. A. Berkowitz, D. E. Logue, E. A. Noser, The Total Cost of Transactions, Journal of Finance, 1988',
    create: (bars) => {
      const [traded, volumes] = [new WindowSum(bars), new WindowSum(bars)];
      return ({ high, low, close, volume }, values) => {
        values[0] = traded.next(((high + low + close) / 3) * volume) / volumes.next(volume);
      };
    },
  },
];
