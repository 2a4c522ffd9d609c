import {
  choice,
  integer,
  map,
  noEffect,
  type ParameterDeclarations,
  type ParametersOf,
  text,
  textList,
} from '#libs/kernel';
import type { Feeder, FeederSource, FetchRequest, Frame, PluginContext } from '#libs/plugin-sdk';
import {
  canonicalInterval,
  type FeatureOptions,
  loadNormalisation,
  type Normalisation,
} from '#libs/timeseries';
import { configuredFile } from '../../configured-file.js';
import type { BarSource } from './bar-source.js';
import { FeatureBuilder } from './features/feature-builder.js';
import { configuredColumns, planFeatures, warmUpOf } from './features/feature-plan.js';
import { FileBars, fileParameters } from './file/file-bars.js';
import { MarketBars, marketParameters } from './market/market-bars.js';

/** Parameters of `default_feeder`, which others have, too: what every source has, then files, then the market. */
export const feederParameters = {
  data_source: choice(
    { default: 'yfinance', oneOf: ['yfinance', 'file'] },
    'Where bars come from: Yahoo Finance, or files.',
  ),
  instrument: text({ default: 'MSFT', minLength: 1 }, 'Symbol that is used when a request names none.'),
  symbol_map: map(
    { items: 'string' },
    'Names of symbols at the source, for example `{"OIL": "CL=F"}`. Usual spellings need no entry at Yahoo Finance: EURUSD is EURUSD=X there, BRK.B is BRK-B, BTCUSD is BTC-USD, SPX is ^GSPC; a note says so.',
  ),
  feature_columns: textList(
    null,
    'Columns to deliver, in this order; `all` stands for the 44 columns of the original feeder. Features are computed from the bars: `RSI_7`, `CLOSE_lag_3`, `1d:RSI_14`, `^GSPC:RSI_14` and others, see docs/features.md. Null delivers the columns of the source.',
  ),
  bar_shapes: choice(
    { default: 'previous', oneOf: ['previous', 'current'] },
    'Whether BC-BO, BH-BL, BH-BO and BO-BL are shapes of the bar before, as in the original feeder, or of the bar itself.',
  ),
  target_column: text(
    { default: 'CLOSE', minLength: 1 },
    'Column to predict. It is delivered together with `feature_columns` when the source has it.',
  ),
  correlated_instruments: textList(
    [],
    'Symbols whose close of the last finished session is added as a column: `^GSPC` as S&P500_Close, `^VIX` as vix_close, others as <symbol>_Close.',
  ),
  window_size: integer(
    { default: 256, min: 0, max: 1_000_000 },
    'Number of newest rows to deliver from the market when a request names no range; 0 delivers all.',
  ),
  use_normalization_json: text(
    { default: null, minLength: 1 },
    'JSON file with the normalisation to apply to the columns that it names.',
  ),
  n_batches: integer({ default: 1, min: 1 }, noEffect('a range is fetched in one request')),
  batch_size: integer({ default: 256, min: 1 }, noEffect('a range is fetched in one request')),
  ...fileParameters,
  ...marketParameters,
} as const satisfies ParameterDeclarations;

type FeederSettings = ParametersOf<typeof feederParameters>;

/** Bars before the wanted ones that columns are computed from, at least. */
const WARM_UP_BARS = 256;

/** What a feeder that is made of these bars adds. */
export interface FeederFacts {
  readonly options: FeatureOptions;
  /** What is made of the built columns before they are normalised. */
  readonly finish?: (frame: Frame) => Frame;
  /** Said with every answer. */
  readonly notes?: readonly string[];
  readonly looksAhead?: boolean;
  /** See `Feeder.info`. */
  readonly info?: () => Readonly<Record<string, unknown>>;
}

/**
 * A feeder of the configured bars and columns.
 * @throws PluginError `not_configured` for files that cannot be used
 */
export async function openBarFeeder(
  context: PluginContext<typeof feederParameters>,
  facts: FeederFacts,
): Promise<Feeder> {
  const settings = context.parameters;
  const source =
    settings.data_source === 'file'
      ? await FileBars.open(settings, context)
      : new MarketBars(settings, context);
  return new BarFeeder(settings, source, await normalisationOf(context), facts);
}

async function normalisationOf({
  parameters: { use_normalization_json: path },
  resolveFile,
}: PluginContext<typeof feederParameters>): Promise<Normalisation | null> {
  if (path === null) return null;
  return configuredFile('use_normalization_json', () => loadNormalisation(resolveFile(path)));
}

class BarFeeder implements Feeder {
  readonly #features: FeatureBuilder;
  readonly #notes = new WeakMap<Frame, readonly string[]>();

  constructor(
    private readonly settings: FeederSettings,
    private readonly source: BarSource,
    private readonly normalisation: Normalisation | null,
    private readonly facts: FeederFacts,
  ) {
    this.#features = new FeatureBuilder(source, normalisation, facts.finish);
  }

  async fetch(request: FetchRequest): Promise<Frame> {
    const { from, signal } = request;
    const to = Math.min(request.to ?? Infinity, request.asOf ?? Infinity);
    const asked = request.symbol || this.settings.instrument;
    const symbol = this.source.symbolOf(asked);
    const computed = request.columns ?? this.settings.feature_columns;
    const {
      frame: bars,
      notes,
      window,
      calendar,
    } = await this.source.bars({
      symbol,
      interval: request.interval,
      anyInterval: request.anyInterval === true,
      ...(from !== undefined && { from }),
      ...(to !== Infinity && { to }),
      ...(request.around !== undefined && { around: request.around }),
      warmUp: computed === null ? 0 : warmUpOf(computed, this.facts.options, WARM_UP_BARS),
      ...(signal && { signal }),
    });
    const columns = this.#columns(request, bars.names);
    const plan = planFeatures(columns, bars, this.settings, this.facts.options);
    const wanted = {
      read: bars,
      zone: calendar.zone,
      symbol,
      interval: canonicalInterval(request.interval) ?? '1h',
      target: this.settings.target_column,
    };
    const built = await this.#features.build(wanted, plan, signal);
    signal?.throwIfAborted();
    const range = built.frame.between(from, to);
    // A view of its own, so that the notes of one answer do not appear at another that is cut from the same bars.
    const frame = (window === null ? range : range.last(window)).dated(calendar);
    this.#notes.set(frame, [
      ...(this.source.symbolNotes?.(asked) ?? []),
      ...notes,
      ...built.notes,
      ...this.#normalisationNotes(),
      ...(this.facts.notes ?? []),
    ]);
    return frame;
  }

  resolve(symbol: string): FeederSource {
    const { adjustedColumns, ...source } = this.source.resolve(symbol || this.settings.instrument);
    // a normalised price is moved, too, and not multiplied only
    const isTold = adjustedColumns !== undefined && this.normalisation === null;
    const found = isTold ? { ...source, adjustedColumns } : source;
    return this.facts.looksAhead === true ? { ...found, looksAhead: true } : found;
  }

  async intervalOf(symbol: string, asked?: string): Promise<string | null> {
    const known = this.source.symbolOf(symbol || this.settings.instrument);
    return (await this.source.intervalOf?.(known, asked)) ?? null;
  }

  async checkInterval(symbol: string, interval: string): Promise<void> {
    await this.source.checkInterval?.(this.source.symbolOf(symbol || this.settings.instrument), interval);
  }

  info(): Readonly<Record<string, unknown>> {
    return this.facts.info?.() ?? {};
  }

  notes(frame: Frame): readonly string[] {
    return this.#notes.get(frame) ?? [];
  }

  async close(): Promise<void> {
    await this.#features.close();
  }

  #columns({ columns }: FetchRequest, present: readonly string[]): readonly string[] | null {
    if (columns) return columns;
    const { feature_columns } = this.settings;
    return feature_columns && configuredColumns(feature_columns, present, this.settings);
  }

  #normalisationNotes(): readonly string[] {
    return this.normalisation ? ['columns are normalised (use_normalization_json)'] : [];
  }
}
