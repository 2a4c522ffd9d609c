import { setTimeout as pause } from 'node:timers/promises';
import type { AppConfig } from '#libs/config';
import { type Database, EventLog, KeptFigures } from '#libs/database';
import { AppError, moneyText, systemClock } from '#libs/kernel';
import { UserRepository } from '../../accounts/user.repository.js';
import { ClaimHistory } from '../../marketplace/claim-history.repository.js';
import { OrderLists } from '../../marketplace/order-lists.repository.js';
import { OrderRepository } from '../../marketplace/order.repository.js';
import { PredictionRepository } from '../../predictions/prediction.repository.js';
import { openDatabase } from '../schema.js';
import { type Command, nameDatabase, print, stopSignal } from './command.js';
import { coloured, listing, table } from './terminal.js';

const LISTED = 50;

const looking = async (config: AppConfig, look: (database: Database) => Promise<number>): Promise<number> => {
  const database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  try {
    return await look(database);
  } finally {
    await database.close();
  }
};

/** `orders list [--username CLIENT]`: the newest orders. */
export const listOrders: Command = (config) =>
  looking(config, async (database) => {
    const users = new UserRepository(database);
    const client = config.username === null ? null : await users.findByUsername(config.username);
    if (config.username !== null && client === null) throw noUser(config.username);
    const lists = new OrderLists(database, new KeptFigures(database));
    const page = { sort: 'created_at', order: 'desc', limit: LISTED, offset: 0 } as const;
    const { orders, total } = await lists.ofClient(client?.id ?? null, {}, page);
    const rows = orders.map((order) => [
      order.id,
      order.status,
      order.symbol,
      order.predictionType,
      moneyText(order.actualCost ?? order.estimatedCost, order.currency),
      order.createdAt.toISOString(),
      order.completedAt?.toISOString() ?? '',
    ]);
    const heading = ['ID', 'STATUS', 'SYMBOL', 'TYPE', 'PRICE', 'SUBMITTED', 'ENDED'];
    return print(
      rows.length === 0
        ? 'There are no orders.'
        : [listing([heading, ...rows]), `${rows.length} of ${total}`].join('\n'),
    );
  });

const noUser = (name: string): AppError => new AppError('not_found', `There is no account "${name}"`);

/** `orders show ID`: terms, money and claims of an order. */
export const showOrder: Command = (config, { positionals }) =>
  looking(config, async (database) => {
    const [id = ''] = positionals;
    const order = await new OrderRepository(database, new KeptFigures(database)).find(id);
    if (order === null) throw new AppError('not_found', `There is no order "${id}"; see: orders list`);
    const users = new UserRepository(database);
    const claims = await new ClaimHistory(database).of(order.id);
    const facts: readonly (readonly [string, string])[] = [
      ['id', order.id],
      ['status', order.status],
      ['client', (await users.findById(order.clientId))?.username ?? String(order.clientId)],
      [
        'asked for',
        `${order.symbol}, ${order.predictionHorizon} bars of ${order.interval}, ${order.predictionType}`,
      ],
      ['for the time', order.datetimeRequested.toISOString()],
      ['model', order.modelName],
      ['priority', String(order.priority)],
      ['price', moneyText(order.estimatedCost, order.currency)],
      ['paid', order.actualCost === null ? 'nothing yet' : moneyText(order.actualCost, order.currency)],
      ['submitted', order.createdAt.toISOString()],
      ['ends by', order.expiresAt.toISOString()],
      ['ended', order.completedAt?.toISOString() ?? 'not yet'],
      ...(order.failureReason === null ? [] : [['failed', order.failureReason] as const]),
    ];
    const claimed = claims.map((claim) => [
      String(claim.leaseEpoch),
      claim.evaluatorId === 0 ? 'the service' : String(claim.evaluatorId),
      claim.claimedAt.toISOString(),
      claim.endedAt?.toISOString() ?? '',
      claim.outcome ?? 'in work',
    ]);
    return print(
      [
        ...table(facts),
        ...(claimed.length === 0
          ? []
          : ['', listing([['CLAIM', 'EVALUATOR', 'CLAIMED', 'ENDED', 'OUTCOME'], ...claimed])]),
      ].join('\n'),
    );
  });

const EVERY_MS = 500;
const BATCH = 100;
/** Steps of the event log before the beginning whose predictions are shown, too. */
const LOOK_BACK = 100;

/** `predictions tail`: a line for each prediction that ends, until it is stopped. */
export const tailPredictions: Command = (config) =>
  looking(config, async (database) => {
    const predictions = new PredictionRepository(
      database,
      new EventLog(systemClock),
      new KeptFigures(database),
    );
    const stop = new AbortController();
    void stopSignal().then(() => stop.abort());
    let seen = Math.max(0, (await predictions.lastEventId()) - LOOK_BACK);
    while (!stop.signal.aborted) {
      const ended = await predictions.finishedAfter(seen, BATCH);
      for (const { id, predictionId } of ended) {
        const row = await predictions.findById(predictionId);
        if (row !== null) print(lineOf(row));
        seen = id;
      }
      if (ended.length < BATCH)
        await pause(EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    return 0;
  });

type Ended = NonNullable<Awaited<ReturnType<PredictionRepository['findById']>>>;

function lineOf({
  id,
  completedAt,
  timestamp,
  status,
  symbol,
  interval,
  result,
  predictorPlugin,
}: Ended): string {
  const {
    output,
    error,
    training_distance: far,
  } = result as {
    output?: {
      horizons: readonly number[];
      predictions: readonly (number | null)[];
      uncertainty: readonly (number | null)[];
    };
    error?: string;
    training_distance?: { distance: number; column: string };
  };
  const [horizon, value, deviation] = [output?.horizons[0], output?.predictions[0], output?.uncertainty[0]];
  const reason =
    status === 'abstained' ? `${far?.column} lies ${far?.distance} widths beyond its range` : error;
  const answer =
    status !== 'completed' ? (reason ?? '') : `+${horizon}: ${value ?? 'none'} ± ${deviation ?? 'unknown'}`;
  const at = (completedAt ?? timestamp).toISOString();
  const state = coloured(status.padEnd(9), status === 'failed' ? 'red' : 'green');
  return `${at}  ${id}  ${state}  ${symbol} ${interval}  ${predictorPlugin}  ${answer}`;
}
