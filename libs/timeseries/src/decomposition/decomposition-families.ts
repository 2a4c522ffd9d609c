import type { Family } from '../indicators/family.js';
import { Past } from '../indicators/windows.js';
import { bandPower, type SpectrumMethod } from './spectrum.js';
import { Stl } from './stl.js';
import { stationaryWavelet } from './wavelet.js';

/** One column of a wavelet transform; level 1 is the finest. */
export interface WaveletColumn {
  readonly name: string;
  readonly level: number;
  readonly part: 'detail' | 'approximation';
}

/**
 * How CLOSE is taken apart, window by window, each ending with the bar that it describes. Plain data, which can go to
 * another thread. Lengths in bars.
 */
export interface DecompositionOptions {
  /** What is decomposed: the close, rounded to 32 bits or not, or ln(1 + close). */
  readonly scale: 'close' | 'float32' | 'log1p';
  readonly stl: {
    readonly window: number;
    readonly period: number;
    readonly seasonal: number;
    readonly trend: number;
    readonly robust: boolean;
    /** Names of trend, season and rest. */
    readonly names: readonly [string, string, string];
  } | null;
  readonly wavelet: {
    /** A multiple of 2^levels. */
    readonly window: number;
    readonly levels: number;
    /** Bars that the columns come late. */
    readonly delay: number;
    readonly columns: readonly WaveletColumn[];
  } | null;
  readonly spectrum: {
    readonly window: number;
    /** Bars from one measurement to the next; the bars between have the last one. */
    readonly step: number;
    readonly method: SpectrumMethod;
    /** Frequencies in cycles a bar, both ends included. */
    readonly bands: readonly { readonly name: string; readonly from: number; readonly to: number }[];
  } | null;
}

/** The last values, oldest first. */
class Window {
  readonly #values: Float64Array;
  #count = 0;

  constructor(private readonly length: number) {
    this.#values = new Float64Array(length);
  }

  /** Takes the next value. @returns the window, which the next call changes; null before it is full */
  next(value: number): Float64Array | null {
    this.#values.copyWithin(0, 1);
    this.#values[this.length - 1] = value;
    this.#count += 1;
    return this.#count < this.length ? null : this.#values;
  }
}

const SCALES: Readonly<Record<DecompositionOptions['scale'], (close: number) => number>> = {
  close: (close) => close,
  float32: Math.fround,
  log1p: (close) => Math.log1p(Math.max(0, close)),
};

/** The columns of a decomposition as features that are asked for by name. */
export function decompositionFamilies(options: DecompositionOptions): readonly Family[] {
  const scale = SCALES[options.scale];
  const { stl, wavelet, spectrum } = options;
  return [
    ...(stl === null ? [] : [stlFamily(stl, scale)]),
    ...(wavelet === null ? [] : [waveletFamily(wavelet, scale)]),
    ...(spectrum === null ? [] : [spectrumFamily(spectrum, scale)]),
  ];
}

type Scale = (close: number) => number;
type Part<K extends 'stl' | 'wavelet' | 'spectrum'> = NonNullable<DecompositionOptions[K]>;

const familyOf = (
  names: readonly string[],
  first: number,
  source: string,
  create: Family['create'],
): Family => ({
  members: names.map((name) => ({ name, formula: 'a window that ends with the bar', first: () => first })),
  periods: [],
  needs: ['CLOSE'],
  source,
  create,
});

function stlFamily({ window, names, ...options }: Part<'stl'>, scale: Scale): Family {
  return familyOf(names, window - 1, 'Cleveland and others, 1990', () => {
    const closes = new Window(window);
    const decomposition = new Stl(window, options);
    return ({ close }, values) => {
      const value = scale(close);
      const whole = closes.next(value);
      const [trend, season] = whole === null ? [NaN, NaN] : decomposition.last(whole);
      values[0] = trend;
      values[1] = season;
      values[2] = value - trend - season;
    };
  });
}

function waveletFamily({ window, levels, delay, columns }: Part<'wavelet'>, scale: Scale): Family {
  const names = columns.map(({ name }) => name);
  return familyOf(names, window - 1 + delay, 'Nason and Silverman, 1995', () => {
    const closes = new Window(window);
    const pasts = columns.map(() => (delay === 0 ? null : new Past(delay)));
    return ({ close }, values) => {
      const whole = closes.next(scale(close));
      const found = whole === null ? [] : stationaryWavelet(whole, levels);
      for (const [at, { level, part }] of columns.entries()) {
        const value = found[level - 1]?.[part].at(-1) ?? NaN;
        const past = pasts[at];
        values[at] = past ? past.next(value) : value;
      }
    };
  });
}

function spectrumFamily({ window, step, method, bands }: Part<'spectrum'>, scale: Scale): Family {
  const names = bands.map(({ name }) => name);
  return familyOf(names, window - 1, 'Welch, 1967', () => {
    const closes = new Window(window);
    let until = 0;
    return ({ close }, values) => {
      const whole = closes.next(scale(close));
      if (whole === null) {
        values.fill(NaN);
        return;
      }
      if (until > 0) {
        until -= 1;
        return;
      }
      until = step - 1;
      for (const [at, { from, to }] of bands.entries()) values[at] = bandPower(whole, method, [from, to]);
    };
  });
}
