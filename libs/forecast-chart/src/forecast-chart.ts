/** What was observed: one value a time; null and NaN are gaps in the line. */
export interface HistorySeries {
  /** Epoch milliseconds UTC, ascending. */
  readonly time: ArrayLike<number>;
  readonly value: ArrayLike<number | null>;
}

/** A central interval: at this level the value is expected between `lower` and `upper`. */
export interface ChartInterval {
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
  readonly intervals?: readonly ChartInterval[];
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
  /** What came, where it is known. */
  readonly outcome?: HistorySeries;
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

/** Colours of a picture. Contrast against the background: text at least 7:1, lines 4.5:1 (WCAG 2.2). */
export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly quietText: string;
  /** Lies over the areas, hence translucent. */
  readonly grid: string;
  readonly history: string;
  readonly accent: string;
  readonly outcome: string;
}

export const THEMES = {
  light: {
    background: '#ffffff',
    text: '#1f2328',
    quietText: '#4d5560',
    grid: 'rgba(31, 35, 40, 0.10)',
    history: '#3d444d',
    accent: '#0b62d6',
    outcome: '#a6330a',
  },
  dark: {
    background: '#12161c',
    text: '#f0f3f6',
    quietText: '#b3bcc7',
    grid: 'rgba(240, 243, 246, 0.12)',
    history: '#cfd6de',
    accent: '#62a8ff',
    outcome: '#ffab70',
  },
} as const satisfies Readonly<Record<string, Theme>>;

export type ThemeName = keyof typeof THEMES;

/** How much of the accent the widest and the narrowest area show. */
const FAINTEST = 0.2;
const STRONGEST = 0.5;

/** The opaque colour of an area: `rank` 0 is the widest of `count`, which is the faintest. */
export function areaColour({ accent, background }: Theme, rank: number, count: number): string {
  const share =
    count < 2 ? (FAINTEST + STRONGEST) / 2 : FAINTEST + ((STRONGEST - FAINTEST) * rank) / (count - 1);
  const [over, under] = [channels(accent), channels(background)];
  const mixed = over.map((value, i) => Math.round(value * share + (under[i] ?? 0) * (1 - share)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
