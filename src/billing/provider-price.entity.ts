import { integerColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** One version of what a provider asks for a model; it changes only by ceasing to be active. */
@Entity('provider_pricing')
@Index('uq_provider_pricing_active', ['providerId', 'modelName'], { unique: true, where: '"is_active"' })
@Index('ix_provider_pricing_model', ['modelName', 'isActive'])
export class ProviderPriceEntity {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ name: 'provider_id', type: 'integer' })
  providerId!: number;

  @Column({ name: 'model_name', type: 'varchar', length: 100 })
  modelName!: string;

  @Column(integerColumn({ name: 'price_micros' }))
  priceMicros!: number;

  @Column({ type: 'varchar', length: 3 })
  currency!: string;

  @Column({ name: 'is_active', type: 'boolean', default: true })
  isActive!: boolean;

  @Column(utcColumn({ name: 'created_at' }))
  createdAt!: Date;

  @Column(utcColumn({ name: 'updated_at' }))
  updatedAt!: Date;
}
