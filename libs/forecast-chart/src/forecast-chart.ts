import type { ThemeName } from './themes.js';

/** What was observed: one value a time; null and NaN are gaps in the line. */
export interface HistorySeries {
  /** Epoch milliseconds UTC, ascending. */
  readonly time: ArrayLike<number>;
  readonly value: ArrayLike<number | null>;
}

/** A central interval: at this level the value is expected between `lower` and `upper`. */
export interface ForecastInterval {
  /** Between 0 and 1, for example 0.9. */
  readonly level: number;
  /** One value a forecast time; null and NaN are gaps in the area. */
  readonly lower: ArrayLike<number | null>;
  readonly upper: ArrayLike<number | null>;
  /** Name in the legend, for one whose level is not known. Default for example `90 % interval`. */
  readonly label?: string;
}

/** What is expected: a central line and intervals around it. */
export interface ForecastSeries {
  /** Epoch milliseconds UTC, ascending, usually after the history. */
  readonly time: ArrayLike<number>;
  /** The central line: median or mean, in the unit of the history. */
  readonly median: ArrayLike<number | null>;
  /** At most 5; the widest is drawn first. */
  readonly intervals?: readonly ForecastInterval[];
  /** Name of the central line in the legend. Default `Median forecast`. */
  readonly label?: string;
}

/** A picture of one forecast. */
export interface ForecastChart {
  readonly title: string;
  /** A second, quieter line under the title. */
  readonly subtitle?: string;
  readonly history: HistorySeries;
  readonly forecast: ForecastSeries;
  /** Name of the value axis with its unit, for example `Close (USD)`. Default `Value`. */
  readonly valueLabel?: string;
  /** Name of the time axis. Default `Time (UTC)`. */
  readonly timeLabel?: string;
  /** Pixels, 400 to 4,000. Default 960. */
  readonly width?: number;
  /** Pixels, 240 to 4,000. Default 480. */
  readonly height?: number;
  /** Pixels of the file for each pixel of `width` and `height`, 1 to 3; 2 for sharp screens. Default 1. */
  readonly pixelRatio?: number;
  /** Both have an opaque background, so that either can be read wherever the picture is put. Default `light`. */
  readonly theme?: ThemeName;
}
