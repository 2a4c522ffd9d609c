import { Injectable } from '@nestjs/common';
import { Page, type PageQuery, warn } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';
import { flexibleScope, isReached, listScope, type PredictionScope } from './prediction-access.js';
import type { PredictionEntity } from './prediction.entity.js';
import { PredictionRepository } from './prediction.repository.js';

/** Task ids are UUIDs or what a legacy caller chose. */
export const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** Reading predictions, each caller within what is theirs. */
@Injectable()
export class ReadPredictions {
  constructor(private readonly predictions: PredictionRepository) {}

  async list(caller: Actor | null, query: PageQuery): Promise<Page<PredictionEntity>> {
    const scope = listScope(caller);
    const rows = await this.predictions.list(scope, query);
    const total =
      query.limit === undefined && query.offset === 0 ? rows.length : await this.predictions.count(scope);
    return new Page(rows, query, query.offset + rows.length < total, total);
  }

  /** One row on the flexible endpoints: own, ownerless, or any for administrators. */
  async one(id: number, caller: Actor | null): Promise<PredictionEntity> {
    return reached(await this.predictions.findById(id), flexibleScope(caller));
  }

  /** One row on the secure endpoints: own, or any for administrators; ownerless rows are nobody's here. */
  async own(id: number, caller: Actor): Promise<PredictionEntity> {
    return reached(await this.predictions.findById(id), listScope(caller));
  }

  /** The legacy status: by integer id or by the task id that the legacy submit answered with. */
  async byAnyId(id: string, caller: Actor | null): Promise<PredictionEntity> {
    const trimmed = id.trim();
    const byTask = await this.predictions.findByTaskId(trimmed);
    if (byTask === null && /^\d{1,15}$/.test(trimmed)) return this.one(Number(trimmed), caller);
    if (byTask === null && !TASK_ID.test(trimmed))
      throw new AppError('bad_request', 'Invalid prediction ID', { code: 'invalid_prediction_id' });
    return reached(byTask, flexibleScope(caller));
  }
}

function reached(row: PredictionEntity | null, scope: PredictionScope): PredictionEntity {
  if (row === null) throw new AppError('not_found', 'Prediction not found', { code: 'prediction_not_found' });
  if (!isReached(scope, row.userId)) throw new AppError('forbidden', 'Access denied', { code: 'not_owner' });
  warnOfCalibration(row);
  return row;
}

/** What an answer has to say of its calibration stands at its top, as every warning does. */
export function warnOfCalibration({ result }: Pick<PredictionEntity, 'result'>): void {
  warn(...(result.calibration?.notes ?? []));
}
