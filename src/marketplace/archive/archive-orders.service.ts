import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { AppConfig } from '#libs/config';
import { ArchiveFolder, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { AppError, Clock, DAY_MS, HOUR_MS, snakeCased } from '#libs/kernel';
import type { OrderArchiveEntity } from './order-archive.entity.js';
import { OrderArchiveRepository, type WholeOrder } from './order-archive.repository.js';

/** Orders in one file: some MB. */
const MOST_ORDERS = 1_000;
const ORDERS_A_READ = 50;

/** What a run did. */
export interface OrderArchiveFigures {
  readonly files: readonly string[];
  readonly orders: number;
}

/**
 * Moves orders that ended longer than `order_history_days` ago into files of `archive_folder`, every hour, with their claims and
 * files. A file is written, brought to the disk and read again; then it is recorded, and its orders go a few at a time,
 * each leaving a row that says how it ended and where it is. A run goes on where a killed one ended. The money stays.
 */
@Injectable()
export class ArchiveOrders extends PeriodicService {
  constructor(
    private readonly archives: OrderArchiveRepository,
    private readonly transactions: TransactionRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: HOUR_MS });
  }

  override onApplicationBootstrap(): void {
    if (this.config.order_history_days > 0) super.onApplicationBootstrap();
  }

  /** Archives what is too old, or what it can until the signal aborts. @throws AppError when a file is not what was written */
  async archive(signal?: AbortSignal): Promise<OrderArchiveFigures> {
    const { archive_folder: path, order_history_days: days } = this.config;
    if (path === null || days === 0)
      throw new AppError(
        'bad_request',
        'order_history_days and archive_folder must be set: from which age on orders are archived, and where to',
      );
    const folder = new ArchiveFolder(path);
    const before = new Date(this.clock.now() - days * DAY_MS);
    const files: string[] = [];
    let orders = 0;
    await this.#dropArchived(folder, signal);
    for (; !isOver(signal);) {
      const ids = await this.archives.endedBefore(before, MOST_ORDERS);
      if (ids.length === 0) break;
      const archive = await this.#write(folder, ids, before);
      if (!(await this.transactions.run((tx) => this.archives.record(tx, archive, ids)))) {
        await folder.discard(archive);
        break; // another process does it
      }
      files.push(archive.file);
      orders += archive.orders;
      await this.#dropArchived(folder, signal);
    }
    return { files, orders };
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    const { files, orders } = await this.archive(signal);
    if (files.length > 0) this.logger.log(`archived ${orders} ended orders in ${files.join(', ')}`);
  }

  /** Deletes what is recorded and still there, after another look at the file. Only the last record can have any. */
  async #dropArchived(folder: ArchiveFolder, signal: AbortSignal | undefined): Promise<void> {
    const archive = await this.archives.last();
    if (archive === null || archive.droppedOrders >= archive.orders) return;
    await folder.publish(archive);
    await folder.assertWhole(archive);
    const ids = await idsIn(folder.lines(archive.file));
    for (let isMore = true; isMore && !isOver(signal);)
      isMore = await this.transactions.run((tx) => this.archives.drop(tx, archive, ids));
  }

  async #write(
    folder: ArchiveFolder,
    ids: readonly string[],
    before: Date,
  ): Promise<Omit<OrderArchiveEntity, 'id' | 'droppedOrders'>> {
    const archivedAt = new Date(this.clock.now());
    const written = createHash('sha256');
    const lines = this.#lines(ids, before);
    const file = await folder.write(
      `orders-${archivedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}`,
      passing(lines, (line) => written.update(`${line}\n`)),
      async (again) => {
        const read = createHash('sha256');
        for await (const line of again) read.update(`${line}\n`);
        if (read.digest('hex') !== written.digest('hex'))
          throw new AppError('internal', 'the orders were not read from the disk as they were written');
      },
    );
    return { ...file, orders: ids.length, endedUntil: before, archivedAt };
  }

  /** What the file is, then an order a line. */
  async *#lines(ids: readonly string[], endedBefore: Date): AsyncGenerator<string> {
    yield JSON.stringify({ archive: 'orders', version: 1, orders: ids.length, ended_before: endedBefore });
    for (let start = 0; start < ids.length; start += ORDERS_A_READ) {
      const some = ids.slice(start, start + ORDERS_A_READ);
      const orders = await this.archives.whole(some);
      if (orders.length !== some.length)
        throw new AppError('unavailable', 'another process archives orders at the moment');
      for (const order of orders) yield lineOf(order);
    }
  }
}

const isOver = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** Fields have the names of their columns in JSON, amounts are in micro-units, files are in Base64. */
const lineOf = ({ order, claims, files }: WholeOrder): string =>
  JSON.stringify({
    order: named(order),
    claims: claims.map(named),
    files: files.map((file) => ({
      ...named(file),
      content: Buffer.from(file.content).toString('base64'),
    })),
  });

/** Names of columns by those of code: fifty an order, always the same. */
const columnNames = new Map<string, string>();

function named(row: object): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    let column = columnNames.get(name);
    if (column === undefined) columnNames.set(name, (column = snakeCased(name)));
    line[column] = value as unknown;
  }
  return line;
}

async function* passing(lines: AsyncIterable<string>, seen: (line: string) => void): AsyncGenerator<string> {
  for await (const line of lines) {
    seen(line);
    yield line;
  }
}

/** The orders of a file, in its order. */
async function idsIn(lines: AsyncIterable<string>): Promise<string[]> {
  const ids: string[] = [];
  for await (const line of lines) {
    const { order } = JSON.parse(line) as { readonly order?: { readonly id: string } };
    if (order !== undefined) ids.push(order.id);
  }
  return ids;
}
