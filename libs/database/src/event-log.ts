import { assertPresent, type Clock } from '#libs/kernel';
import { Column, Entity, Index, MoreThan, PrimaryColumn } from 'typeorm';
import { NO_NOTIFICATIONS, type Notifications } from './listening-connection.js';
import { isPostgres, placeholders, runSql, writeSql } from './statements.js';
import type { DatabaseScope, Transaction } from './transaction.js';
import { jsonColumn, serialColumn, utcColumn } from './column-types.js';

/** One step in the life of something that clients follow. */
@Entity('events')
@Index('ix_events_topic', ['topic', 'id'])
@Index('ix_events_created', ['createdAt'])
export class EventEntity {
  /** Rises; a client that was cut off names the last one it saw. */
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ type: 'varchar', length: 128 }) topic!: string;
  @Column({ type: 'varchar', length: 64 }) type!: string;

  /** Any JSON value. */
  @Column(jsonColumn()) data!: unknown;
  @Column(utcColumn()) createdAt!: Date;
}

/** One step of a topic. Ids rise within it in the order of commits. */
export type LoggedEvent = Readonly<Pick<EventEntity, 'id' | 'type' | 'data' | 'createdAt'>>;

/** Which steps to follow, from where. */
export interface FollowedSteps {
  readonly prefix: string;
  readonly types: readonly string[];
  readonly lastId: number;
  readonly limit: number;
}

/** Hears the type of each new step. */
type StepListener = (type: string) => void;

const PURGE_BATCH = 1_000;
const STEPS = 'prediction_provider_steps';

/**
 * Durable steps of things that clients follow (table `events`): written with the change they tell of, read again by a
 * client that was cut off. Writers of one topic must follow each other (as those of one job do, by its lease): ids of
 * different topics may commit out of order on PostgreSQL.
 */
export class EventLog {
  /** Live listeners by topic, in this process. */
  readonly #listeners = new Map<string, Set<StepListener>>();

  constructor(
    private readonly clock: Clock,
    /** Of the other processes; a command has none to tell. */
    private readonly notifications: Pick<Notifications, 'on' | 'spread'> = NO_NOTIFICATIONS,
  ) {
    notifications.on(STEPS, (text) => {
      const blank = text.lastIndexOf(' ');
      if (blank > 0) this.#call(text.slice(0, blank), text.slice(blank + 1));
    });
  }

  /** Adds a step and, once it is durable, calls the topic's listeners. Returns its id. */
  async append(tx: Transaction, topic: string, type: string, data: unknown): Promise<number> {
    const [row] = await runSql<{ id: number }>(
      tx,
      'INSERT INTO events (topic, type, data, created_at) VALUES (?, ?, ?, ?) RETURNING id',
      [topic, type, JSON.stringify(data), new Date(this.clock.now()).toISOString()],
    );
    tx.afterCommit(() => this.#tell(topic, type));
    return assertPresent(row, 'an insert returns its row').id;
  }

  /** Adds steps in their order, as {@link append} does, for callers that need no id; see `writeSql` for when it runs. */
  write(tx: Transaction, topic: string, steps: readonly { type: string; data: unknown }[]): void {
    const at = new Date(this.clock.now()).toISOString();
    writeSql(
      tx,
      `INSERT INTO events (topic, type, data, created_at) VALUES ${steps.map(() => '(?, ?, ?, ?)').join(', ')}`,
      steps.flatMap(({ type, data }) => [topic, type, JSON.stringify(data), at]),
    );
    for (const { type } of steps) tx.afterCommit(() => this.#tell(topic, type));
  }

  #tell(topic: string, type: string): void {
    this.#call(topic, type);
    this.notifications.spread(STEPS, `${topic} ${type}`);
  }

  #call(topic: string, type: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(type);
  }

  /** The topic's steps after `lastId` (0 for all), oldest first, at most `limit`. */
  after({ manager }: DatabaseScope, topic: string, lastId: number, limit = 1_000): Promise<LoggedEvent[]> {
    return manager.find(EventEntity, {
      select: { id: true, type: true, data: true, createdAt: true },
      where: { topic, id: MoreThan(lastId) },
      order: { id: 'ASC' },
      take: limit,
    });
  }

  /**
   * Steps of all topics with this prefix, after `lastId` in the order of ids, at most `limit`: for whoever follows them all
   * by the last id. On PostgreSQL a step is left out as long as one with a smaller id may still commit.
   */
  following(
    scope: DatabaseScope,
    { prefix, types, lastId, limit }: FollowedSteps,
  ): Promise<{ id: number; topic: string }[]> {
    const isFinal = isPostgres(scope)
      ? 'AND age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)'
      : '';
    return runSql(
      scope,
      `SELECT id, topic FROM events WHERE id > ? AND topic LIKE ? AND type IN (${placeholders(types.length)}) ${isFinal}
       ORDER BY id LIMIT ?`,
      [lastId, `${prefix}%`, ...types, limit],
    );
  }

  /** The largest id so far; 0 before the first step. */
  async lastId(scope: DatabaseScope): Promise<number> {
    const [row] = await runSql<{ id: number | null }>(scope, 'SELECT max(id) AS id FROM events');
    return row?.id ?? 0;
  }

  /**
   * Calls `listener` after each commit that added to the topic, with the type of the step; it then reads with {@link after}.
   * Other processes tell of theirs some milliseconds later, or, when one is killed, never: whoever follows reads now and then as well.
   */
  listen(topic: string, listener: StepListener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic);
    };
  }

  /** Forgets steps from before a moment (epoch ms), a batch at a time; returns how many. */
  async purge(tx: Transaction, beforeMs: number): Promise<number> {
    const gone = await runSql(
      tx,
      'DELETE FROM events WHERE id IN (SELECT id FROM events WHERE created_at < ? LIMIT ?) RETURNING id',
      [new Date(beforeMs).toISOString(), PURGE_BATCH],
    );
    return gone.length;
  }
}
