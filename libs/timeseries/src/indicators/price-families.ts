import { ExponentialAverage, WilderAverage } from './averages.js';
import { type Family, forgetsExponential, forgetsWilder, period } from './family.js';
import { Past, WindowMax, WindowSum } from './windows.js';

const MURPHY = 'J. J. Murphy, Technical Analysis of the Financial Markets, 1999';
const CLOSE = ['CLOSE'] as const;
const none = (): number => 0;
const last = (bars: number): number => bars - 1;

/** Prices, changes and averages. C, H, L, O, V: close, high, low, open, volume; C₋ₙ: n bars before. */
export const PRICE_FAMILIES: readonly Family[] = [
  {
    members: [
      { name: 'typical_price', aliases: ['TP', 'HLC3'], formula: '(H + L + C) / 3', first: none },
      { name: 'range_ratio', aliases: ['hl_range'], formula: '(H - L) / C', first: none },
    ],
    periods: [],
    needs: ['HIGH', 'LOW', 'CLOSE'],
    source: MURPHY,
    create: () => (bar, values) => {
      values[0] = (bar.high + bar.low + bar.close) / 3;
      values[1] = (bar.high - bar.low) / bar.close;
    },
  },
  {
    members: [
      {
        name: 'returns',
        aliases: ['return', 'pct_change'],
        formula: 'C / C₋ₙ - 1',
        first: (bars) => bars,
      },
      {
        name: 'log_return',
        aliases: ['log_returns', 'logret'],
        formula: 'ln(C / C₋ₙ)',
        first: (bars) => bars,
      },
    ],
    periods: [period(1)],
    needs: CLOSE,
    source: 'J. Y. Campbell, A. W. Lo, A. C. MacKinlay, The Econometrics of Financial Markets, 1997, §1.4',
    create: (bars) => {
      const past = new Past(bars);
      return (bar, values) => {
        const ratio = bar.close / past.next(bar.close);
        values[0] = ratio - 1;
        values[1] = Math.log(ratio);
      };
    },
  },
  {
    members: [
      { name: 'Momentum', aliases: ['MOM'], formula: 'C - C₋ₙ', first: (bars) => bars },
      { name: 'ROC', formula: '100 · (C - C₋ₙ) / C₋ₙ', first: (bars) => bars },
    ],
    periods: [period(10)],
    needs: CLOSE,
    source: MURPHY,
    create: (bars) => {
      const past = new Past(bars);
      return (bar, values) => {
        const before = past.next(bar.close);
        values[0] = bar.close - before;
        values[1] = (100 * (bar.close - before)) / before;
      };
    },
  },
  {
    members: [{ name: 'SMA', aliases: ['MA', 'rolling_mean'], formula: 'mean of the last n C', first: last }],
    periods: [period(10)],
    needs: CLOSE,
    source: MURPHY,
    create: (bars) => {
      const sum = new WindowSum(bars);
      return (bar, values) => {
        values[0] = sum.next(bar.close) / bars;
      };
    },
  },
  {
    members: [
      {
        name: 'EMA',
        formula: 'e + 2/(n + 1) · (C - e), begun with the mean of the first n C',
        first: last,
      },
    ],
    periods: [period(10)],
    needs: CLOSE,
    source: MURPHY,
    settles: forgetsExponential,
    create: (bars) => {
      const average = new ExponentialAverage(bars);
      return (bar, values) => {
        values[0] = average.next(bar.close);
      };
    },
  },
  {
    members: [
      {
        name: 'RMA',
        aliases: ['SMMA', 'WILDER'],
        formula: 'mean of C with the weights (1 - 1/n)^age, divided by their sum',
        first: last,
      },
    ],
    periods: [period(14)],
    needs: CLOSE,
    source:
      'J. W. Wilder, New Concepts in Technical Trading Systems, 1978; weights as pandas ewm(adjust=True)',
    settles: forgetsWilder,
    create: (bars) => {
      const average = new WilderAverage(bars);
      return (bar, values) => {
        values[0] = average.next(bar.close);
      };
    },
  },
  {
    members: [
      {
        name: 'price_minus_EMA',
        aliases: ['price_ema_diff', 'close_minus_ema'],
        formula: 'C - EMAₙ of the typical price',
        first: last,
      },
    ],
    periods: [period(24)],
    needs: ['HIGH', 'LOW', 'CLOSE'],
    source: MURPHY,
    settles: forgetsExponential,
    create: (bars) => {
      const average = new ExponentialAverage(bars);
      return (bar, values) => {
        values[0] = bar.close - average.next((bar.high + bar.low + bar.close) / 3);
      };
    },
  },
  {
    members: [
      {
        name: 'typical_price_EMA',
        aliases: ['rolling_EMA'],
        formula: 'e + 2/(n + 1) · (T - e), T the typical price, begun with the first T',
        first: none,
      },
      {
        name: 'typical_price_minus_EMA',
        aliases: ['typical_minus_EMA'],
        formula: 'T - typical_price_EMAₙ',
        first: none,
      },
    ],
    periods: [period(24)],
    needs: ['HIGH', 'LOW', 'CLOSE'],
    source: 'as pandas ewm(span=n, adjust=False), which models of the original are trained with',
    settles: forgetsExponential,
    create: (bars) => {
      const alpha = 2 / (bars + 1);
      let average = NaN;
      return (bar, values) => {
        const typical = (bar.high + bar.low + bar.close) / 3;
        // A bar without prices leaves the average as it was.
        if (typical === typical)
          average = average === average ? average + alpha * (typical - average) : typical;
        values[0] = average;
        values[1] = typical - average;
      };
    },
  },
  {
    members: [
      { name: 'highest', aliases: ['donchian_upper'], formula: 'greatest of the last n H', first: last },
      { name: 'lowest', aliases: ['donchian_lower'], formula: 'least of the last n L', first: last },
    ],
    periods: [period(20)],
    needs: ['HIGH', 'LOW'],
    source: 'the channel of R. Donchian, in Murphy 1999',
    create: (bars) => {
      const greatest = new WindowMax(bars);
      const least = new WindowMax(bars);
      return (bar, values) => {
        values[0] = greatest.next(bar.high);
        values[1] = -least.next(-bar.low);
      };
    },
  },
];
