export { type SeriesReading } from './series-values.js';
export { SERIES, seriesTable, type SeriesDeclaration, type SeriesName } from './series.js';
export {
  readTraceparent,
  type TraceSpan,
  type SpanAttributes,
  type SpanStart,
  traceIdOf,
  Tracer,
} from './tracing.js';
export { Telemetry } from './telemetry.js';
