export * from './data-source-options.js';
export * from './database.js';
export { OriginalFile, type OriginalRow } from './original-reader.js';
export { refuseOriginalFile } from './original-database.js';
export { DatabaseOpenError, isDatabaseAway, type OpenFailure } from './open-error.js';
export { asUnavailable, isDatabaseRefusal } from './unavailable.js';
export type { AvailabilityFigures, OutageListener } from './availability.js';
export { DatabaseClock, type TimeSample } from './database-clock.js';
export { ListeningConnection, NO_NOTIFICATIONS, Notifications } from './listening-connection.js';
export { assertConnectionBudget } from './connection-budget.js';
export type { Replica, ReplicaFigures, ReplicaListener } from './replica/replica.js';
export { openSidePool } from './side-pool.js';
export { DATABASE_TIMEOUTS } from './timeouts.js';
export * from './transaction.js';
export * from './transaction-runner.js';
export * from './statements.js';
export type { Later } from './sql-statements.js';
export * from './entity-rows.js';
export * from './lanes.js';
export * from './narrowed-rows.js';
export {
  EVERYBODY,
  FigureChangeEntity,
  FigureDayEntity,
  FigureEntity,
  FigureMonthEntity,
  keptWithin,
} from './figure-sums.js';
export * from './kept-figures.js';
export * from './row-figures.js';
export {
  hiddenColumn,
  integerColumn,
  jsonColumn,
  nameRowIds,
  rowIdColumn,
  serialColumn,
  utcColumn,
} from './column-types.js';
export * from './settings-store.js';
export * from './event-log.js';
export * from './secret-keys/hidden-texts.js';
export * from './secret-keys/secret-keys.js';
export * from './file-cursor.js';
export * from './seals/seal-store.js';
export { LOOK_BACK, openIds, rangesOf, type SealableRows, SealWriter } from './seals/seal-writer.js';
export type { Anchor, SealedCell, SealVerdict } from './seals/chain-walk.js';
export { type ArchivedRows, NOTHING_ARCHIVED, verifySeals } from './seals/verify-seals.js';
export * from './seals/sealed-archive.js';
export * from './archives/archive-folder.js';
export { copySqlite, placeSqlite } from './copies/sqlite-copy.js';
export { appliedMigrations, copiedRows, copiedTables, restoreRows } from './copies/row-copy.js';
export * from './user-session.entity.js';
export * from './bar-store.js';
export { Users1795392000001 } from './migrations/1795392000001-users.js';
export { Jobs1795392000002 } from './migrations/1795392000002-jobs.js';
export { Predictions1795392000003 } from './migrations/1795392000003-predictions.js';
export { Audit1795392000004 } from './migrations/1795392000004-audit.js';
export { Shared1795392000005 } from './migrations/1795392000005-shared.js';
export { Billing1795392000011 } from './migrations/1795392000011-billing.js';
export { Marketplace1795392000012 } from './migrations/1795392000012-marketplace.js';
export { AuditSeals1795392000006 } from './migrations/1795392000006-audit-seals.js';
export { ListingIndexes1796000000050 } from './migrations/1796000000050-listing-indexes.js';
export { Figures1796000000020 } from './migrations/1796000000020-figures.js';
export { Webhooks1795392000013 } from './migrations/1795392000013-webhooks.js';
export { SealHeads1796000000040 } from './migrations/1796000000040-seal-heads.js';
export { Limits1796000000030 } from './migrations/1796000000030-limits.js';
export { OrderArchives1796000000110 } from './migrations/1796000000110-order-archives.js';
export { AuditArchives1796000000061 } from './migrations/1796000000061-audit-archives.js';
export { WideIds1796000000060 } from './migrations/1796000000060-wide-ids.js';
export { AuditRoutes1796000000031 } from './migrations/1796000000031-audit-routes.js';
export { ForecastPins1796000000095 } from './migrations/1796000000095-forecast-pins.js';
export { ForecastOutcomes1796000000096 } from './migrations/1796000000096-forecast-outcomes.js';
export { JobTraces1796000000150 } from './migrations/1796000000150-job-traces.js';
export { Scores1796000000097 } from './migrations/1796000000097-scores.js';
export { ScoreHolds1796000000290 } from './migrations/1796000000290-score-holds.js';
export { LateBaselines1796000000310 } from './migrations/1796000000310-late-baselines.js';
export { ScoreFigures1796000000311 } from './migrations/1796000000311-score-figures.js';
export { AbstainedOrders1796000000322 } from './migrations/1796000000322-abstained-orders.js';
export { FigureMonths1796000000323 } from './migrations/1796000000323-figure-months.js';
export { FiguresByStatement1796000000324 } from './migrations/1796000000324-figures-by-statement.js';
export { BaselinePrices1796000000330 } from './migrations/1796000000330-baseline-prices.js';
export { CalibrationAges1796000000321 } from './migrations/1796000000321-calibration-ages.js';
export { CalibratedCoverage1796000000320 } from './migrations/1796000000320-calibrated-coverage.js';
export { SecretKeys1796000000250 } from './migrations/1796000000250-secret-keys.js';
export { FigureDays1796000000260 } from './migrations/1796000000260-figure-days.js';
export { ReportedBars1796000000281 } from './migrations/1796000000281-reported-bars.js';
export { RescaledOutcomes1796000000286 } from './migrations/1796000000286-rescaled-outcomes.js';
export { Standings1796000000280 } from './migrations/1796000000280-standings.js';
export { LanedLists1796000000261 } from './migrations/1796000000261-laned-lists.js';
export { Receipts1796000000220 } from './migrations/1796000000220-receipts.js';
export { Calibrations1796000000270 } from './migrations/1796000000270-calibrations.js';
export { TrainingRanges1796000000271 } from './migrations/1796000000271-training-ranges.js';
export { Backtests1796000000160 } from './migrations/1796000000160-backtests.js';
export { NarrowedLists1796000000170 } from './migrations/1796000000170-narrowed-lists.js';
