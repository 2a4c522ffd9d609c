/** Injection token of the configured core's features (`CoreFeatures`). */
export const CORE = Symbol('CORE');
/** Injection token of the configured feeder (`FeederHandle`). */
export const FEEDER = Symbol('FEEDER');
/** Injection token of the configured pipeline (`PipelineHandle`). */
export const PIPELINE = Symbol('PIPELINE');
/** Injection token of the configured predictor (`PredictorHandle`). */
export const PREDICTOR = Symbol('PREDICTOR');
/** Injection token of the mounted endpoints plugins (`readonly EndpointsHandle[]`). */
export const ENDPOINTS = Symbol('ENDPOINTS');
