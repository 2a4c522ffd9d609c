import { Page } from '#libs/http';
import type { LegacyStatus, PredictionOut } from './prediction.dto.js';
import type { PredictionEntity } from './prediction.entity.js';
import type { PredictionPage } from './read-predictions.service.js';
import type { PredictionResult } from './prediction.types.js';

/** A 201 body must never contain the words password, secret, key, token or hash. */
export function presentPrediction(row: PredictionEntity): PredictionOut {
  return {
    id: row.id,
    prediction_id: row.id,
    task_id: row.task_id,
    status: row.status,
    symbol: row.symbol,
    ticker: row.ticker,
    interval: row.interval,
    predictor_plugin: row.predictor_plugin,
    feeder_plugin: row.feeder_plugin,
    pipeline_plugin: row.pipeline_plugin,
    prediction_type: row.prediction_type,
    model_name: modelName(row) ?? row.predictor_plugin,
    result: withLists(row),
  };
}

/** The model that was asked for, where it is not the predictor itself. */
export const modelName = ({ predictor_plugin, result: { request } }: PredictionEntity): string | null =>
  request.model_name && request.model_name !== predictor_plugin ? request.model_name : null;

/** Where the original's clients look for the answer. */
const withLists = ({ result, prediction, uncertainty }: PredictionEntity): PredictionResult =>
  prediction === null || uncertainty === null ? result : { ...result, prediction, uncertainty };

/** `GET /status/{id}` of the original: lists at the top level once completed. */
export const presentLegacyStatus = (askedFor: string, row: PredictionEntity): LegacyStatus => ({
  prediction_id: askedFor,
  status: row.status,
  result: withLists(row),
  ...(row.prediction === null ? {} : { prediction: row.prediction }),
  ...(row.uncertainty === null ? {} : { uncertainty: row.uncertainty }),
});

export const presentLegacyAccepted = (row: PredictionEntity) => ({
  prediction_id: row.task_id,
  status: row.status,
  message: 'Prediction request accepted',
});

/** Takes what the deletion resolves with, so that the message can't come before the deed. */
export const presentDeleted = (_done: void) => ({ message: 'Prediction deleted successfully' });

export const presentPredictions = ({ rows, query, total }: PredictionPage): Page<PredictionOut> =>
  new Page(rows.map(presentPrediction), query, query.offset + rows.length < total, total);
