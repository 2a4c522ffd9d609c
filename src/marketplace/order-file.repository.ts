import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Database, TransactionRunner } from '#libs/database';
import { assertPresent, Clock } from '#libs/kernel';
import { OrderFileEntity } from './order-file.entity.js';
import type { NewOrderFile, OrderFile, OrderFiles } from './order-files.port.js';

/** {@link OrderFiles} over the table `prediction_files`. */
@Injectable()
export class OrderFileRepository implements OrderFiles {
  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  find(orderId: string, fileName: string): Promise<OrderFile | null> {
    return this.database.read.manager.findOneBy(OrderFileEntity, { orderId, fileName });
  }

  keep(file: NewOrderFile): Promise<OrderFile> {
    const { orderId, fileType, fileName, mimeType, content } = file;
    const fileHash = createHash('sha256').update(content).digest('hex');
    const made = { fileSize: content.byteLength, fileHash, createdAt: new Date(this.clock.now()) };
    return this.transactions.run(async (tx) => {
      await tx.manager
        .createQueryBuilder()
        .insert()
        .into(OrderFileEntity)
        .values({ orderId, fileType, fileName, mimeType, content, ...made })
        .orIgnore()
        .updateEntity(false)
        .execute();
      return assertPresent(await this.find(orderId, fileName), 'a file that was kept is there');
    });
  }
}
