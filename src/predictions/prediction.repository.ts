import { Injectable } from '@nestjs/common';
import { In, type SelectQueryBuilder } from 'typeorm';
import {
  columnsOf,
  countRows,
  countsOf,
  Database,
  type DatabaseScope,
  entitiesOf,
  entityOf,
  EventLog,
  EVERYBODY,
  insertRow,
  KeptFigures,
  lockName,
  type LoggedEvent,
  runSql,
  type Transaction,
  updateRow,
  valueOf,
} from '#libs/database';
import { PredictionEntity } from './prediction.entity.js';
import type { PredictionScope } from './prediction-access.js';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import {
  FINAL_STATUSES,
  type FinalStatus,
  type PredictionResult,
  type PredictionStatus,
} from './prediction.types.js';

export type NewPrediction = Omit<
  PredictionEntity,
  'id' | 'startedAt' | 'completedAt' | 'prediction' | 'uncertainty'
> &
  Partial<Pick<PredictionEntity, 'startedAt'>>;

/** A prediction that was computed elsewhere. */
export type FinishedRow = Omit<PredictionEntity, 'id'>;

/** What the end changes of a row. */
type FinishedPrediction = Pick<
  PredictionEntity,
  'status' | 'result' | 'prediction' | 'uncertainty' | 'completedAt' | 'timestamp'
>;

/** Who a prediction counts against: a user, or an address for anonymous callers. */
export type PredictionOwner = { readonly userId: number } | { readonly address: string };

const topicOf = (id: number | ''): string => `prediction:${id}`;

/** The owner of ownerless rows in figures. */
const NOBODY = 0;

function inFlight(scope: DatabaseScope, owner: PredictionOwner): Promise<number> {
  // to the letter as in the conditions of the indexes
  const open = `predictions WHERE status IN ('pending', 'processing')`;
  return 'userId' in owner
    ? countRows(scope, `${open} AND user_id = ?`, [owner.userId])
    : countRows(scope, `${open} AND user_id IS NULL AND client_address = ?`, [owner.address]);
}

const ended = (status: FinalStatus, result: PredictionResult, now: Date): FinishedPrediction => ({
  status,
  result,
  prediction: result.output?.predictions ?? null,
  uncertainty: result.output?.uncertainty ?? null,
  completedAt: now,
  timestamp: now,
});

@Injectable()
export class PredictionRepository {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly kept: KeptFigures,
  ) {}

  /** Adds the row and its first steps; returns the row with its id. @param steps where it stands already, if not at its first */
  async add(
    tx: Transaction,
    prediction: NewPrediction,
    ...steps: readonly PredictionStatus[]
  ): Promise<PredictionEntity> {
    const row = { startedAt: null, ...prediction, completedAt: null, prediction: null, uncertainty: null };
    const id = await valueOf(tx, insertRow(tx, PredictionEntity, prediction, 'id').column('id'));
    this.#tell(tx, id, ...(steps.length === 0 ? [prediction.status] : steps));
    return { ...row, id };
  }

  /** Adds a prediction that was computed before anything of it was stored, with all of its steps; returns it with its id. */
  async addEnded(
    tx: Transaction,
    prediction: NewPrediction & Pick<PredictionEntity, 'startedAt'>,
    { status, result }: { readonly status: FinalStatus; readonly result: PredictionResult },
    now: Date,
  ): Promise<PredictionEntity> {
    const row = { ...prediction, ...ended(status, result, now) };
    const id = await valueOf(tx, insertRow(tx, PredictionEntity, row, 'id').column('id'));
    this.#tell(tx, id, 'pending', 'processing', status);
    return { ...row, id };
  }

  /**
   * In-flight predictions of an owner. On PostgreSQL the owner is locked until the transaction ends, so that two
   * submits can't both see the last free place; SQLite's one writer makes that unnecessary.
   */
  async countInFlight(tx: Transaction, owner: PredictionOwner): Promise<number> {
    await lockName(
      tx,
      'userId' in owner ? `predictions:user:${owner.userId}` : `predictions:address:${owner.address}`,
    );
    return inFlight(tx, owner);
  }

  /** As {@link countInFlight}, of those that are committed. */
  countSeenInFlight(owner: PredictionOwner): Promise<number> {
    return inFlight(this.database.read, owner);
  }

  /**
   * False when the task id is used. Others that want it wait until the transaction ends. The owner is locked before, so
   * that two never wait for each other.
   */
  async claimTaskId(tx: Transaction, taskId: string): Promise<boolean> {
    await lockName(tx, `predictions:task:${taskId}`);
    return !(await tx.manager.existsBy(PredictionEntity, { taskId }));
  }

  /** Adds predictions that were computed elsewhere. They have no steps, because nobody waits for them. */
  async addFinished(tx: Transaction, rows: readonly FinishedRow[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.manager.insert(PredictionEntity, [...rows] as QueryDeepPartialEntity<PredictionEntity>[]);
  }

  /** Those of the task ids that are used. At most 1,000 a call. */
  async knownTaskIds(taskIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.database.read.manager.find(PredictionEntity, {
      where: { taskId: In([...taskIds]) },
      select: { id: true, taskId: true },
    });
    return new Set(rows.map(({ taskId }) => taskId));
  }

  async findById(id: number): Promise<PredictionEntity | null> {
    return id > Number.MAX_SAFE_INTEGER ? null : this.#one('id = ?', id);
  }

  findByTaskId(taskId: string): Promise<PredictionEntity | null> {
    return this.#one('task_id = ?', taskId);
  }

  async #one(condition: string, value: number | string): Promise<PredictionEntity | null> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, PredictionEntity)} FROM predictions WHERE ${condition}`;
    const [row] = await runSql(read, sql, [value]);
    return row === undefined ? null : entityOf(read, PredictionEntity, row);
  }

  async list(scope: PredictionScope, page: { limit?: number; offset: number }): Promise<PredictionEntity[]> {
    const query = this.#scoped(scope).orderBy('p.id', 'ASC');
    // SQLite takes an OFFSET only behind a LIMIT.
    if (page.limit !== undefined || page.offset > 0)
      query.limit(page.limit ?? Number.MAX_SAFE_INTEGER).offset(page.offset);
    return entitiesOf(query);
  }

  /** How many rows the scope has. */
  async count(scope: PredictionScope): Promise<number> {
    const owners =
      scope.kind === 'all'
        ? [EVERYBODY]
        : scope.kind === 'ownerless'
          ? [NOBODY]
          : [scope.userId, ...(scope.andOwnerless ? [NOBODY] : [])];
    const figures = await Promise.all(owners.map((owner) => this.kept.standing('predictions', owner)));
    return figures
      .flatMap((one) => Object.values(countsOf(one, 'status:')))
      .reduce((sum, rows) => sum + rows, 0);
  }

  /** Deletes the row, unless somebody was faster. */
  async delete(tx: Transaction, id: number): Promise<void> {
    const { affected } = await tx.manager.delete(PredictionEntity, { id });
    if (affected === 1) this.#tell(tx, id, 'deleted');
  }

  markProcessing(tx: Transaction, id: number, now: Date): void {
    updateRow(tx, PredictionEntity, { id }, { status: 'processing', startedAt: now, timestamp: now });
    this.#tell(tx, id, 'processing');
  }

  /** Writes what the end changes of the row, and returns it. */
  finish(
    tx: Transaction,
    id: number,
    status: FinalStatus,
    result: PredictionResult,
    now: Date,
  ): FinishedPrediction {
    const change = ended(status, result, now);
    updateRow(tx, PredictionEntity, { id }, change);
    this.#tell(tx, id, status);
    return change;
  }

  /** Steps after `afterId`, oldest first. */
  stepsAfter(id: number, afterId: number): Promise<LoggedEvent[]> {
    return this.events.after(this.database.read, topicOf(id), afterId);
  }

  /** Predictions that finished, after a step of the event log in its order. */
  async finishedAfter(lastId: number, limit: number): Promise<{ id: number; predictionId: number }[]> {
    const followed = { prefix: topicOf(''), types: FINAL_STATUSES, lastId, limit };
    const steps = await this.events.following(this.database.read, followed);
    return steps.map(({ id, topic }) => ({ id, predictionId: Number(topic.slice(followed.prefix.length)) }));
  }

  lastEventId(): Promise<number> {
    return this.events.lastId(this.database.read);
  }

  /** Calls `listener` with each step that was committed in this process. */
  listen(id: number, listener: (step: string) => void): () => void {
    return this.events.listen(topicOf(id), listener);
  }

  /** Ids of finished predictions last changed before `moment`, oldest first. */
  async finishedBefore(moment: Date, limit: number): Promise<number[]> {
    const rows = await this.database.read.manager
      .createQueryBuilder(PredictionEntity, 'p')
      .select('p.id', 'id')
      .where('p.timestamp < :moment AND p.status IN (:...statuses)', {
        moment: moment.toISOString(),
        statuses: [...FINAL_STATUSES],
      })
      .orderBy('p.timestamp', 'ASC')
      .limit(limit)
      .getRawMany<{ id: number }>();
    return rows.map((row) => row.id);
  }

  #tell(tx: Transaction, id: number, ...steps: readonly (PredictionStatus | 'deleted')[]): void {
    const told = steps.map((status) => ({ type: status, data: { prediction_id: id, status } }));
    this.events.write(tx, topicOf(id), told);
  }

  #scoped(scope: PredictionScope): SelectQueryBuilder<PredictionEntity> {
    const query = this.database.readApart.manager.createQueryBuilder(PredictionEntity, 'p');
    if (scope.kind === 'all') return query;
    if (scope.kind === 'ownerless') return query.where('p.userId IS NULL');
    query.where('p.userId = :userId', { userId: scope.userId });
    return scope.andOwnerless ? query.orWhere('p.userId IS NULL') : query;
  }
}
