export type { ForecastChart, ForecastInterval, ForecastSeries, HistorySeries } from './forecast-chart.js';
export { renderForecastPng } from './render-forecast-png.js';
export { THEMES, type ThemeName } from './themes.js';
