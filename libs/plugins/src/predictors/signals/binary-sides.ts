import type { EntryAnswer, EntryQuestion, ExitAnswer, ExitQuestion } from '#libs/plugin-sdk';
import { complementOf, confidenceOf, entrySides, isSignal, NO_ENTRY } from './probabilities.js';
import type { SignalBars } from './signal-bars.js';
import type { SignalModel } from './signal-model.js';

const LABELS = ['buy_entry_label', 'sell_entry_label', 'buy_exit_label', 'sell_exit_label', 'bars_to_friday'];

/** Columns that binary models get only where their metadata name them: prices, and what they were trained to say. */
export const notBinaryFeatures = (bars: SignalBars): readonly string[] => [...bars.priceColumns, ...LABELS];

/** Numbers that an exit question adds to every bar of the window. */
export const EXIT_EXTRAS = ['direction', 'tp_distance_pips', 'sl_distance_pips'] as const;

/** Answers entry questions from the probability that a buy pays; a second output is that of a sell, else it is the rest. */
export class BinaryEntries {
  constructor(
    private readonly bars: SignalBars,
    private readonly model: SignalModel | null,
    private readonly threshold: number,
  ) {}

  /** @throws PluginError `no_data` before the first bar or without a feature, and the model's own faults */
  async entry({ time }: EntryQuestion): Promise<EntryAnswer> {
    const row = this.bars.rowAt(time);
    const barsRemaining = this.bars.remainingAt(row);
    if (this.model === null) return { ...NO_ENTRY, barsRemaining };
    const [buy, sell = complementOf(buy)] = await this.model.ask(row, 'entry');
    return { ...entrySides(buy, sell, this.threshold), barsRemaining };
  }
}

/** What the exit questions of a binary model are told. */
export interface BinaryExitSettings {
  readonly close_column: string;
  readonly pip_cost: number;
  readonly confidence_threshold: number;
}

/** Answers exit questions from the probability that the position is worth keeping. */
export class BinaryExits {
  constructor(
    private readonly bars: SignalBars,
    private readonly model: SignalModel | null,
    private readonly settings: BinaryExitSettings,
  ) {
    bars.require(settings.close_column, 'exit distances are measured from (close_column)');
  }

  /** @throws PluginError `no_data` before the first bar or without a close or a feature, and the model's own faults */
  async exit(question: ExitQuestion): Promise<ExitAnswer> {
    const row = this.bars.rowAt(question.time);
    if (this.model === null) return { keep: 1, confidence: 0 };
    const { direction } = question;
    const [keep] = await this.model.ask(row, `${direction}_exit`, this.#extras(question, row));
    return { keep: isSignal(keep, this.settings.confidence_threshold), confidence: confidenceOf(keep) };
  }

  /** In the order of {@link EXIT_EXTRAS}; distances in pips from the bar's close, 0 without a pip. */
  #extras({ direction, takeProfitPrice, stopLossPrice }: ExitQuestion, row: number): readonly number[] {
    const { close_column, pip_cost } = this.settings;
    const price = this.bars.valueAt(close_column, row);
    const pips = (level: number): number => (pip_cost > 0 ? Math.abs(level - price) / pip_cost : 0);
    return [direction === 'buy' ? 1 : -1, pips(takeProfitPrice), pips(stopLossPrice)];
  }
}
