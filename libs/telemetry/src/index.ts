export { type SeriesReading } from './series-values.js';
export { SERIES, seriesTable, type SeriesDeclaration, type SeriesName } from './series.js';
export { Telemetry } from './telemetry.js';
