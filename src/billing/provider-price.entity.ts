import { integerColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** One version of what a provider asks for a model; it changes only by ceasing to be active. */
@Entity('provider_pricing')
@Index('uq_provider_pricing_active', ['providerId', 'modelName'], { unique: true, where: '"is_active"' })
@Index('ix_provider_pricing_model', ['modelName', 'isActive'])
export class ProviderPriceEntity {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'integer' }) providerId!: number;
  @Column({ type: 'varchar', length: 100 }) modelName!: string;
  @Column(integerColumn()) priceMicros!: number;
  @Column({ type: 'varchar', length: 3 }) currency!: string;

  /** Millionths of the provider's share that wait until the forecast is scored; null for none. */
  @Column({ type: 'integer', nullable: true }) scoreShare!: number | null;
  @Column({ type: 'boolean', default: true }) isActive!: boolean;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) updatedAt!: Date;
}
