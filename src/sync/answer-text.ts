import type { EntryAnswer, ExitAnswer, PredictorMetrics } from '#libs/plugin-sdk';

/** Content type of the texts made here, and of one such text a line. */
export const JSON_TYPE = 'application/json; charset=utf-8';
export const NDJSON_TYPE = 'application/x-ndjson; charset=utf-8';

/**
 * The answers as the original's bytes: same keys in the same order, and numbers that are not integers by meaning are
 * written with a fraction (`1.0`), which `JSON.stringify` cannot do. Writing them by hand also spares the hot path a
 * generic serialiser.
 */
export const entryText = (answer: EntryAnswer): string =>
  `{"buy_entry_binary":${answer.buy},"sell_entry_binary":${answer.sell},"bars_remaining":${Math.trunc(answer.barsRemaining)},"buy_confidence":${float(answer.buyConfidence)},"sell_confidence":${float(answer.sellConfidence)}}`;

export const exitText = (answer: ExitAnswer): string =>
  `{"exit_binary":${answer.keep},"exit_confidence":${float(answer.confidence)}}`;

export const noiseText = (noiseStd: number): string => `{"noise_std":${float(noiseStd)},"status":"ok"}`;

export const metricsText = (metrics: PredictorMetrics): string => {
  const { tp, fp, tn, fn, total_predictions, precision, recall, f1, accuracy, noise_std } = metrics;
  return `{"tp":${tp},"fp":${fp},"tn":${tn},"fn":${fn},"total_predictions":${total_predictions},"precision":${float(precision)},"recall":${float(recall)},"f1":${float(f1)},"accuracy":${float(accuracy)},"noise_std":${float(noise_std)}}`;
};

/** A finite number as JSON, a whole one with `.0`; from 1e21 on JavaScript writes an exponent, which needs none. */
const float = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
