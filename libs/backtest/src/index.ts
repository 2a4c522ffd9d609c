export type { BacktestQuestion, WalkedForecast } from './question.js';
export { type Backtest, type BacktestOptions, walkForward } from './walk-forward.js';
export type { ScoreRow } from './horizon-scores.js';
export { backtestReport, REPORTED_FORECASTS } from './report.js';
export { leakSentence, scoreTable, shortNumber } from './score-table.js';
export { compareForecasts, type ComparedHorizon } from './compare-forecasts.js';
export { forecastLine, readForecastLine, type ScoredLine } from './forecast-line.js';
