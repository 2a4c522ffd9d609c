export {
  THEMES,
  type ForecastChart,
  type ChartInterval,
  type ForecastSeries,
  type HistorySeries,
  type ThemeName,
} from './forecast-chart.js';
export { renderForecastPng } from './render-forecast-png.js';
