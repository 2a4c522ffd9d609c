import { Injectable } from '@nestjs/common';
import { Database, placeholders, readSql, type Transaction, writeSql } from '#libs/database';
import type { PriceMultiplier, Quote } from './billing.port.js';

/** A quote that an order is held with. */
export interface NewQuote {
  readonly orderId: string;
  /** Counts the adjustments of the hold. */
  readonly revision: number;
  /** Who pays. */
  readonly clientId: number;
  readonly description: string;
  readonly quote: Quote;
}

/** The quote in force, the latest one of an adjusted hold, with its fate. */
export interface StoredHold extends NewQuote {
  readonly state: 'held' | 'captured' | 'voided';
}

interface HoldRow {
  readonly prediction_id: string;
  readonly revision: number;
  readonly client_id: number;
  readonly provider_id: number;
  readonly price_id: number | null;
  readonly model_name: string;
  readonly description: string;
  readonly currency: string;
  readonly unit_micros: number | string;
  readonly multipliers: string;
  readonly total_micros: number | string;
  readonly evaluator_micros: number | string;
  readonly provider_micros: number | string;
  readonly platform_micros: number | string;
  readonly settled: 'capture' | 'void' | null;
  readonly score_share: number | null;
}

/** The prices that orders are held with. */
@Injectable()
export class QuoteRepository {
  constructor(private readonly database: Database) {}

  async add(tx: Transaction, { orderId, revision, clientId, description, quote }: NewQuote, now: Date) {
    writeSql(
      tx,
      `INSERT INTO quotes (prediction_id, revision, client_id, provider_id, price_id, model_name, description, currency,
         unit_micros, multipliers, total_micros, evaluator_micros, provider_micros, platform_micros, created_at)
       VALUES (${placeholders(15)})`,
      [
        orderId,
        revision,
        clientId,
        quote.providerId,
        quote.priceId,
        quote.modelName,
        description,
        quote.currency,
        quote.unitPrice,
        JSON.stringify(quote.multipliers),
        quote.total,
        quote.shares.evaluator,
        quote.shares.provider,
        quote.shares.platform,
        now.toISOString(),
      ],
    );
  }

  /** Where the money of an order stands; null when it never was held. */
  async holdOf(orderId: string): Promise<StoredHold | null> {
    const [row] = await readSql<HoldRow>(
      this.database.read,
      `SELECT q.*, (SELECT MIN(t.transaction_type) FROM transactions t WHERE t.prediction_id = q.prediction_id
                    AND t.transaction_type IN ('capture', 'void')) AS settled,
         (SELECT s.score_share FROM score_holds s WHERE s.prediction_id = q.prediction_id) AS score_share
       FROM quotes q WHERE q.prediction_id = ? ORDER BY q.revision DESC LIMIT 1`,
      [orderId],
    );
    return row === undefined ? null : holdOfRow(row);
  }
}

const STATES = { capture: 'captured', void: 'voided' } as const;

const holdOfRow = (row: HoldRow): StoredHold => ({
  orderId: row.prediction_id,
  clientId: row.client_id,
  revision: row.revision,
  description: row.description,
  state: row.settled === null ? 'held' : STATES[row.settled],
  quote: {
    modelName: row.model_name,
    providerId: row.provider_id,
    priceId: row.price_id,
    unitPrice: Number(row.unit_micros),
    multipliers: JSON.parse(row.multipliers) as PriceMultiplier[],
    total: Number(row.total_micros),
    shares: {
      evaluator: Number(row.evaluator_micros),
      provider: Number(row.provider_micros),
      platform: Number(row.platform_micros),
    },
    scoreShare: row.score_share,
    currency: row.currency,
    // A quote that is held does not expire.
    expiresAt: Number.MAX_SAFE_INTEGER,
  },
});
