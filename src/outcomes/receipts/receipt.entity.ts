import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { hiddenColumn, integerColumn, jsonColumn, serialColumn, utcColumn } from '#libs/database';
import type { ForecastSource } from '../outcomes.port.js';

/**
 * The receipt of a forecast: drafted in the transaction that completes it, linked and signed once, soon after. The database
 * refuses every other change.
 */
@Entity('forecast_receipts')
@Index('uq_forecast_receipts_subject', ['source', 'subjectId'], { unique: true })
@Index('ix_forecast_receipts_open', ['id'], { where: '"number" IS NULL' })
export class ForecastReceiptEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ type: 'varchar', length: 16 }) source!: ForecastSource;
  @Column({ type: 'varchar', length: 36 }) subjectId!: string;

  /** What is signed, as canonical JSON (RFC 8785); a draft has neither `number` nor `previous`. */
  @Column({ type: 'text' }) body!: string;

  /** Its place in the chain, from 1; null for a draft. */
  @Index('uq_forecast_receipts_number', { unique: true })
  @Column(integerColumn({ nullable: true }))
  number!: number | null;

  /** SHA-256 of the signed text, hexadecimal: what the next one names as `previous`. */
  @Column({ type: 'varchar', length: 64, nullable: true }) hash!: string | null;
  /** The protected header of its JWS, and the signature; base64url. */
  @Column({ type: 'varchar', length: 255, nullable: true }) header!: string | null;
  @Column({ type: 'varchar', length: 128, nullable: true }) signature!: string | null;
}

/** What their private parts are encrypted for. */
export const RECEIPT_KEYS = 'receipt keys';

/** A key of receipts. The public part stays for good; the private one goes when the next key comes. */
@Entity('receipt_keys')
export class ReceiptKeyEntity {
  /** Thumbprint of the public key (RFC 7638). */
  @PrimaryColumn({ type: 'varchar', length: 64 }) kid!: string;
  @Column(jsonColumn()) publicKey!: Readonly<Record<string, unknown>>;
  /** A JWK, encrypted under the service's secret key. */
  @Column(hiddenColumn(RECEIPT_KEYS, { nullable: true })) privateKey!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn({ nullable: true })) retiredAt!: Date | null;
}
