import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Database, runSql, TransactionRunner } from '#libs/database';
import { assertPresent, Clock } from '#libs/kernel';
import { PredictionFileEntity } from './prediction-file.entity.js';
import { type NewPredictionFile, type PredictionFile, PredictionFiles } from './prediction-files.port.js';

/** {@link PredictionFiles} over the table `prediction_files`. */
@Injectable()
export class PredictionFileRepository implements PredictionFiles {
  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  find(predictionId: string, fileName: string): Promise<PredictionFile | null> {
    return this.#find(predictionId, fileName);
  }

  keep(file: NewPredictionFile): Promise<PredictionFile> {
    const { predictionId, fileType, fileName, mimeType, content } = file;
    return this.transactions.run(async (tx) => {
      await runSql(
        tx,
        `INSERT INTO prediction_files (prediction_id, file_type, file_name, file_size, file_hash, mime_type, content,
           created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (prediction_id, file_name) DO NOTHING`,
        [
          predictionId,
          fileType,
          fileName,
          content.byteLength,
          createHash('sha256').update(content).digest('hex'),
          mimeType,
          Buffer.from(content).toString('base64'),
          new Date(this.clock.now()).toISOString(),
        ],
      );
      const kept = await this.#find(predictionId, fileName);
      return assertPresent(kept, 'a file that was kept is there');
    });
  }

  async #find(predictionId: string, fileName: string): Promise<PredictionFile | null> {
    const row = await this.database.read.manager.findOneBy(PredictionFileEntity, { predictionId, fileName });
    if (row === null) return null;
    const { fileType, fileSize, fileHash, mimeType, createdAt } = row;
    const content = Buffer.from(row.content, 'base64');
    return { predictionId, fileName, fileType, fileSize, fileHash, mimeType, createdAt, content };
  }
}
