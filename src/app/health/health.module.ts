import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AuditModule } from '../../audit/audit.module.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';

/** Is the service there, and is it able to work? */
@Module({
  imports: [TerminusModule.forRoot({ logger: false }), AuditModule],
  controllers: [HealthController],
  providers: [Readiness],
  exports: [Readiness],
})
export class HealthModule {}
