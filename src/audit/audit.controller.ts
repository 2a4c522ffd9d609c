import { Controller, Delete, Get, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ADMINISTRATORS, Answers, Authenticated, IgnoreBody, Problems } from '#libs/http';
import { AppError } from '#libs/kernel';
import { AuditLogList, ListAudit, ListLogs, LogList } from './audit.dto.js';
import { ReadAudit } from './read-audit.service.js';

const unchangeable = (what: string): AppError =>
  new AppError('method_not_allowed', `Audit logs cannot be ${what}`, { headers: { Allow: '' } });

const LogId = () =>
  ApiParam({ name: 'log_id', description: 'Id of a row, or any text.', schema: { type: 'string' } });

@ApiTags('audit')
@Controller('api/v1/admin')
export class AuditController {
  constructor(private readonly reading: ReadAudit) {}

  @Get('logs')
  @Authenticated('administrator', 'admin', 'operator')
  @ApiOperation({
    summary: 'List audited requests',
    description: 'Newest first, filtered by account, path and hours.',
  })
  @Answers(200, LogList, { description: 'Requests, newest first.' })
  @Problems(401, 403, 422)
  requests(@Query() query: ListLogs): Promise<LogList> {
    return this.reading.requests(query);
  }

  @Delete('logs/:log_id')
  @LogId()
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Always refused: audit logs cannot be deleted',
    description: 'The audit log only grows. The route exists so that the attempt is answered, and recorded.',
  })
  @IgnoreBody()
  @Problems(401, 403, { 405: 'Audit logs cannot be deleted' })
  remove(): never {
    throw unchangeable('deleted');
  }

  @Put('logs/:log_id')
  @LogId()
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Always refused: audit logs cannot be modified',
    description: 'The audit log only grows. The route exists so that the attempt is answered, and recorded.',
  })
  @IgnoreBody()
  @Problems(401, 403, { 405: 'Audit logs cannot be modified' })
  change(): never {
    throw unchangeable('modified');
  }

  @Get('audit')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Search the audit log',
    description: 'Newest first, filtered by account, action, time, path, method, status and risk.',
  })
  @Answers(200, AuditLogList, { description: 'The audit log with its filters, newest first.' })
  @Problems(401, 403, 422)
  trail(@Query() query: ListAudit): Promise<AuditLogList> {
    return this.reading.trail(query);
  }
}
