export {
  THEMES,
  type ForecastChart,
  type ChartInterval,
  type ForecastSeries,
  type HistorySeries,
  type ThemeName,
} from './forecast-chart.js';
export { PICTURE_FORMATS, type PictureFormat } from './chart-spec.js';
export type { CalibrationChart, PitChart, ScoreChart, SkillChart } from './score-charts.js';
export { renderForecastPng, renderPicture } from './render-forecast-png.js';
