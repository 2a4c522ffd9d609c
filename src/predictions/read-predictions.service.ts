import { Injectable } from '@nestjs/common';
import { isAdministrator, type PageQuery } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';
import { accessDenied, listScope, predictionNotFound } from './prediction-access.js';
import type { PredictionEntity } from './prediction.entity.js';
import { PredictionRepository } from './prediction.repository.js';

/** Task ids are UUIDs or what a legacy caller chose. */
export const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

export interface PredictionPage {
  readonly rows: readonly PredictionEntity[];
  readonly query: PageQuery;
  /** Rows that the caller could list altogether. */
  readonly total: number;
}

/** Reading predictions, each caller within what is theirs. */
@Injectable()
export class ReadPredictions {
  constructor(private readonly predictions: PredictionRepository) {}

  async list(caller: Actor | null, query: PageQuery): Promise<PredictionPage> {
    const scope = listScope(caller);
    const rows = await this.predictions.list(scope, query);
    const total =
      query.limit === undefined && query.offset === 0 ? rows.length : await this.predictions.count(scope);
    return { rows, query, total };
  }

  /** One row on the flexible endpoints: own, ownerless, or any for administrators. */
  async one(id: number, caller: Actor | null): Promise<PredictionEntity> {
    const row = await this.predictions.findById(id);
    if (row === null) throw predictionNotFound();
    if (!mayRead(row, caller)) throw accessDenied();
    return row;
  }

  /** One row on the secure endpoints: own, or any for administrators; ownerless rows are nobody's here. */
  async own(id: number, caller: Actor): Promise<PredictionEntity> {
    const row = await this.predictions.findById(id);
    if (row === null) throw predictionNotFound();
    if (row.user_id !== caller.userId && !isAdministrator(caller)) throw accessDenied();
    return row;
  }

  /** The legacy status: by integer id or by the task id that the legacy submit answered with. */
  async byAnyId(id: string, caller: Actor | null): Promise<PredictionEntity> {
    const trimmed = id.trim();
    const byTask = await this.predictions.findByTaskId(trimmed);
    if (byTask !== null) {
      if (!mayRead(byTask, caller)) throw accessDenied();
      return byTask;
    }
    if (/^\d{1,15}$/.test(trimmed)) return this.one(Number(trimmed), caller);
    if (!TASK_ID.test(trimmed))
      throw new AppError('bad_request', 'Invalid prediction ID', { code: 'invalid_prediction_id' });
    throw predictionNotFound();
  }
}

const mayRead = (row: PredictionEntity, caller: Actor | null): boolean =>
  row.user_id === null || isAdministrator(caller) || row.user_id === caller?.userId;
