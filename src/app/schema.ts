import { JobEntity, migrateQueue } from '#libs/jobs';
import {
  AuditArchives1796000000061,
  Audit1795392000004,
  AuditRoutes1796000000031,
  AuditSeals1795392000006,
  BarEntity,
  Backtests1796000000160,
  NarrowedLists1796000000170,
  Billing1795392000011,
  EventEntity,
  FigureChangeEntity,
  FigureDayEntity,
  FigureDays1796000000260,
  FigureMonthEntity,
  FigureMonths1796000000323,
  FiguresByStatement1796000000324,
  LanedLists1796000000261,
  FigureEntity,
  Figures1796000000020,
  ForecastOutcomes1796000000096,
  ForecastPins1796000000095,
  Jobs1795392000002,
  Limits1796000000030,
  JobTraces1796000000150,
  Scores1796000000097,
  ReportedBars1796000000281,
  RescaledOutcomes1796000000286,
  Standings1796000000280,
  SealHeadEntity,
  SealHeads1796000000040,
  SecretKeyEntity,
  SecretKeys1796000000250,
  Calibrations1796000000270,
  ScoreHolds1796000000290,
  LateBaselines1796000000310,
  ScoreFigures1796000000311,
  CalibratedCoverage1796000000320,
  CalibrationAges1796000000321,
  AbstainedOrders1796000000322,
  BaselinePrices1796000000330,
  TrainingRanges1796000000271,
  ListingIndexes1796000000050,
  Marketplace1795392000012,
  OrderArchives1796000000110,
  Predictions1795392000003,
  Receipts1796000000220,
  SettingEntity,
  Shared1795392000005,
  Users1795392000001,
  UserSessionEntity,
  Webhooks1795392000013,
  WideIds1796000000060,
  Database,
  type DatabaseOptions,
  type ReplicaListener,
} from '#libs/database';
import type { AppConfig } from '#libs/config';
import { ApiLogEntity } from '../audit/api-log.entity.js';
import { AuditArchiveEntity } from '../audit/archive/audit-archive.entity.js';
import { AuditSealEntity } from '../audit/seal/audit-seal.entity.js';
import { BillingRecordEntity } from '../billing/billing-record.entity.js';
import { CreditEntity, CreditUseEntity } from '../billing/credit.entity.js';
import { InvoiceEntity, InvoiceLineEntity } from '../billing/invoice.entity.js';
import { LedgerSealEntity } from '../billing/ledger-seal.entity.js';
import {
  BalanceSnapshotEntity,
  QuoteEntity,
  TransactionEntity,
  TransactionEntryEntity,
} from '../billing/ledger.entity.js';
import { ScoreHoldEntity } from '../billing/score-hold.entity.js';
import { ProviderPriceEntity } from '../billing/provider-price.entity.js';
import {
  CalibrationStateEntity,
  TrainingRangesEntity,
} from '../outcomes/calibration/calibration-state.entity.js';
import { BacktestEntity, BacktestPartEntity } from '../backtests/backtest.entity.js';
import { ForecastOutcomeEntity, ReportedValueEntity } from '../outcomes/forecast-outcome.entity.js';
import { ForecastPinEntity, PinnedParametersEntity } from '../outcomes/forecast-pin.entity.js';
import { ForecastReceiptEntity, ReceiptKeyEntity } from '../outcomes/receipts/receipt.entity.js';
import { ScoreDayEntity, ScoreStandingEntity } from '../outcomes/score-day.entity.js';
import { ArchivedOrderEntity, OrderArchiveEntity } from '../marketplace/archive/order-archive.entity.js';
import { OrderClaimEntity } from '../marketplace/order-claim.entity.js';
import { OrderFileEntity } from '../marketplace/order-file.entity.js';
import { OrderEntity } from '../marketplace/order.entity.js';
import { PredictionEntity } from '../predictions/prediction.entity.js';
import { KnownNetworkEntity } from '../accounts/known-network.entity.js';
import { UserEntity, RoleEntity } from '../accounts/user.entity.js';
import { WebhookAttemptEntity, WebhookDeliveryEntity } from '../webhooks/webhook-delivery.entity.js';
import { WebhookSecretEntity } from '../webhooks/webhook-secret.entity.js';
import { engineOf } from './persistence/engine-of.js';
import { IdempotencyKeyEntity } from './idempotency/idempotency-key.repository.js';

/** Every table of the product, class by class; a new entity adds its line here. */
export const entities = [
  JobEntity,
  SettingEntity,
  IdempotencyKeyEntity,
  EventEntity,
  SecretKeyEntity,
  FigureEntity,
  FigureDayEntity,
  FigureMonthEntity,
  FigureChangeEntity,
  BarEntity,
  RoleEntity,
  UserEntity,
  UserSessionEntity,
  KnownNetworkEntity,
  PredictionEntity,
  ApiLogEntity,
  AuditSealEntity,
  AuditArchiveEntity,
  SealHeadEntity,
  LedgerSealEntity,
  ProviderPriceEntity,
  QuoteEntity,
  TransactionEntity,
  TransactionEntryEntity,
  BalanceSnapshotEntity,
  CreditEntity,
  CreditUseEntity,
  BillingRecordEntity,
  ScoreHoldEntity,
  InvoiceEntity,
  InvoiceLineEntity,
  OrderEntity,
  OrderArchiveEntity,
  ArchivedOrderEntity,
  OrderClaimEntity,
  OrderFileEntity,
  ForecastPinEntity,
  PinnedParametersEntity,
  ForecastOutcomeEntity,
  ReportedValueEntity,
  CalibrationStateEntity,
  TrainingRangesEntity,
  ForecastReceiptEntity,
  ReceiptKeyEntity,
  ScoreDayEntity,
  ScoreStandingEntity,
  BacktestEntity,
  BacktestPartEntity,
  WebhookSecretEntity,
  WebhookDeliveryEntity,
  WebhookAttemptEntity,
];

/** Every migration, oldest first; a new one adds its line here. */
export const migrations = [
  Users1795392000001,
  Jobs1795392000002,
  Predictions1795392000003,
  Audit1795392000004,
  Shared1795392000005,
  AuditSeals1795392000006,
  Billing1795392000011,
  Marketplace1795392000012,
  Webhooks1795392000013,
  Figures1796000000020,
  Limits1796000000030,
  AuditRoutes1796000000031,
  SealHeads1796000000040,
  ListingIndexes1796000000050,
  WideIds1796000000060,
  AuditArchives1796000000061,
  ForecastPins1796000000095,
  ForecastOutcomes1796000000096,
  Scores1796000000097,
  OrderArchives1796000000110,
  JobTraces1796000000150,
  Backtests1796000000160,
  NarrowedLists1796000000170,
  Receipts1796000000220,
  SecretKeys1796000000250,
  FigureDays1796000000260,
  LanedLists1796000000261,
  Calibrations1796000000270,
  TrainingRanges1796000000271,
  Standings1796000000280,
  ReportedBars1796000000281,
  RescaledOutcomes1796000000286,
  ScoreHolds1796000000290,
  LateBaselines1796000000310,
  ScoreFigures1796000000311,
  CalibratedCoverage1796000000320,
  CalibrationAges1796000000321,
  AbstainedOrders1796000000322,
  FigureMonths1796000000323,
  FiguresByStatement1796000000324,
  BaselinePrices1796000000330,
];

/** Tables of the engine that delivers jobs on PostgreSQL; brought up to date with ours. */
export const migrateBeside = migrateQueue;

/** Opens the configured database and brings its tables up to date. */
export const openDatabase = (
  config: AppConfig,
  options: Pick<DatabaseOptions, 'serves' | 'outages' | 'mustExist' | 'replica'> = {},
): Promise<Database> =>
  Database.open({
    location: config.database,
    entities,
    migrations,
    ...(engineOf(config) === 'graphile' && { migrateBeside }),
    echo: config.database_echo,
    poolSize: config.database_pool_size,
    poolOverflow: config.database_max_overflow,
    // commands have nobody else to serve
    ...(options.serves === true && { readTimeoutMs: config.database_read_timeout * 1_000 }),
    ...options,
  });

/** The replica that is configured; undefined without one. */
export function replicaOf(config: AppConfig, listener: ReplicaListener): DatabaseOptions['replica'] {
  const { database_read_url, database_read_lag } = config;
  if (database_read_url === null) return undefined;
  const location = { kind: 'postgres', url: database_read_url } as const;
  return { location, maxBehindMs: database_read_lag * 1_000, listener };
}
