import { Module } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { UsersModule } from '../users/users.module.js';
import { ApiLogRepository } from './api-log.repository.js';
import { AuditController } from './audit.controller.js';
import { AUDIT_RECORDER, AUDIT_TRAIL, type AuditRecorder } from './audit.port.js';
import { GroupCommitRecorder } from './group-commit-recorder.js';
import { ReadAudit } from './read-audit.service.js';
import { AuditSealRepository } from './seal/audit-seal.repository.js';
import { SealAudit } from './seal/seal-audit.service.js';
import { VerifyAudit } from './seal/verify-audit.service.js';

/** The immutable log of requests: written before every answer leaves, listed for administrators and operators. */
@Module({
  imports: [UsersModule],
  controllers: [AuditController],
  providers: [
    ApiLogRepository,
    ReadAudit,
    AuditSealRepository,
    SealAudit,
    VerifyAudit,
    { provide: AUDIT_TRAIL, useExisting: ReadAudit },
    {
      provide: AUDIT_RECORDER,
      inject: [TransactionRunner, ApiLogRepository, APP_CONFIG],
      useFactory: (
        transactions: TransactionRunner,
        logs: ApiLogRepository,
        config: AppConfig,
      ): AuditRecorder =>
        new GroupCommitRecorder(transactions, logs, {
          batchRows: config.audit_batch_rows,
          payloadBytes: config.audit_payload_bytes,
        }),
    },
  ],
  exports: [AUDIT_RECORDER, AUDIT_TRAIL],
})
export class AuditModule {}
