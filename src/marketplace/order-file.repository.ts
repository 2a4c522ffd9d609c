import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Database, runSql, TransactionRunner } from '#libs/database';
import { assertPresent, Clock } from '#libs/kernel';
import { OrderFileEntity } from './order-file.entity.js';
import { type NewOrderFile, type OrderFile, OrderFiles } from './order-files.port.js';

/** {@link OrderFiles} over the table `prediction_files`. */
@Injectable()
export class OrderFileRepository implements OrderFiles {
  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  find(orderId: string, fileName: string): Promise<OrderFile | null> {
    return this.#find(orderId, fileName);
  }

  keep(file: NewOrderFile): Promise<OrderFile> {
    const { orderId, fileType, fileName, mimeType, content } = file;
    return this.transactions.run(async (tx) => {
      await runSql(
        tx,
        `INSERT INTO prediction_files (prediction_id, file_type, file_name, file_size, file_hash, mime_type, content,
           created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (prediction_id, file_name) DO NOTHING`,
        [
          orderId,
          fileType,
          fileName,
          content.byteLength,
          createHash('sha256').update(content).digest('hex'),
          mimeType,
          Buffer.from(content).toString('base64'),
          new Date(this.clock.now()).toISOString(),
        ],
      );
      const kept = await this.#find(orderId, fileName);
      return assertPresent(kept, 'a file that was kept is there');
    });
  }

  async #find(orderId: string, fileName: string): Promise<OrderFile | null> {
    const row = await this.database.read.manager.findOneBy(OrderFileEntity, { orderId, fileName });
    if (row === null) return null;
    const { fileType, fileSize, fileHash, mimeType, createdAt } = row;
    const content = Buffer.from(row.content, 'base64');
    return { orderId, fileName, fileType, fileSize, fileHash, mimeType, createdAt, content };
  }
}
