import { Module } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AddUpRequests } from './add-up-requests.service.js';
import { ApiLogRepository } from './api-log.repository.js';
import { AuditController } from './audit.controller.js';
import { AuditTrail, AuditRecorder } from './audit.port.js';
import { GroupCommitRecorder } from './group-commit-recorder.js';
import { ReadAudit } from './read-audit.service.js';
import { LoggedRequests } from './logged-requests.repository.js';
import { ArchiveAudit } from './archive/archive-audit.service.js';
import { AuditArchiveRepository } from './archive/audit-archive.repository.js';
import { AuditSealRepository } from './seal/audit-seal.repository.js';
import { SealAudit } from './seal/seal-audit.service.js';
import { VerifyAudit } from './seal/verify-audit.service.js';

/** The immutable log of requests: written before every answer leaves, listed for administrators and operators. */
@Module({
  imports: [AccountsModule],
  controllers: [AuditController],
  providers: [
    ApiLogRepository,
    LoggedRequests,
    AddUpRequests,
    ReadAudit,
    AuditSealRepository,
    SealAudit,
    VerifyAudit,
    AuditArchiveRepository,
    ArchiveAudit,
    { provide: AuditTrail, useExisting: ReadAudit },
    {
      provide: AuditRecorder,
      inject: [TransactionRunner, ApiLogRepository, AppConfig],
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
  exports: [AuditRecorder, AuditTrail],
})
export class AuditModule {}
