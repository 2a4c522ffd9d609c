import { Injectable } from '@nestjs/common';
import { Clock } from '#libs/kernel';
import { UserDirectory } from '../accounts/accounts.port.js';
import type { ApiLogEntity } from './api-log.entity.js';
import { ApiLogRepository, type ApiLogFilter } from './api-log.repository.js';
import type { AuditLogEntry, AuditLogList, ListAudit, ListLogs, LogEntry, LogList } from './audit.dto.js';
import type { AuditTrail } from './audit.port.js';

const HOUR_MS = 3_600_000;

/** Lists and counts audit rows. */
@Injectable()
export class ReadAudit implements AuditTrail {
  constructor(
    private readonly logs: ApiLogRepository,
    private readonly users: UserDirectory,
    private readonly clock: Clock,
  ) {}

  /** The request log; an unknown user has no requests. */
  async requests({ user, endpoint, hours, limit, offset }: ListLogs): Promise<LogList> {
    const userId = user === undefined ? undefined : await this.users.idOf(user);
    if (userId === null) return { logs: [], total: 0 };
    const filter: ApiLogFilter = {
      from: this.#hoursAgo(hours),
      ...(userId !== undefined && { userId }),
      ...(endpoint !== undefined && { endpoint }),
    };
    const [rows, total] = await Promise.all([
      this.logs.newest(filter, { limit, offset }),
      this.logs.count(filter),
    ]);
    return { logs: rows.map(presentRequest), total };
  }

  /** The audit log in the shape of the extended administration. */
  async trail(query: ListAudit): Promise<AuditLogList> {
    const filter = filterOf(query);
    // No row has a risk score, so none has a high one.
    const unscored = query.risk_score_min !== undefined;
    const [rows, total, failed] = await Promise.all([
      unscored ? [] : this.logs.newest(filter, query),
      unscored ? 0 : this.logs.count(filter),
      this.logs.countFailed(this.#hoursAgo(24)),
    ]);
    const names = await this.#namesOf(rows);
    return {
      audit_logs: rows.map((row) => presentAudit(row, names)),
      total_count: total,
      high_risk_events: null,
      failed_requests: failed,
    };
  }

  countRequests(userId: number, since: Date): Promise<number> {
    return this.logs.count({ userId, from: since });
  }

  #hoursAgo(hours: number): Date {
    return new Date(this.clock.now() - hours * HOUR_MS);
  }

  async #namesOf(rows: readonly ApiLogEntity[]): Promise<ReadonlyMap<number, string>> {
    const ids = [...new Set(rows.map(({ userId }) => userId))].filter((id) => id !== null);
    return ids.length === 0 ? new Map() : this.users.usernames(ids);
  }
}

function filterOf(query: ListAudit): ApiLogFilter {
  const { user_id, action, start_date, end_date, endpoint, method, status_code } = query;
  return {
    ...(user_id !== undefined && { userId: user_id }),
    ...(action !== undefined && { endpoint: action }),
    ...(endpoint !== undefined && endpoint !== '' && { endpointPart: endpoint }),
    ...(method !== undefined && { method: method.toUpperCase() }),
    ...(status_code !== undefined && { statusCodes: status_code.split(',').map(Number) }),
    ...(start_date !== undefined && { from: start_date }),
    ...(end_date !== undefined && { to: end_date }),
  };
}

const presentRequest = (row: ApiLogEntity): LogEntry => ({
  id: row.id,
  request_id: row.requestId,
  correlation_id: row.correlationId,
  user_id: row.userId,
  ip_address: row.ipAddress,
  user_agent: row.userAgent,
  endpoint: row.endpoint,
  method: row.method,
  query_string: row.queryString,
  request_timestamp: row.requestTimestamp,
  response_status_code: row.responseStatusCode,
  response_time_ms: row.responseTimeMs,
  response_size_bytes: row.responseSizeBytes,
  request_payload: row.requestPayload,
});

const presentAudit = (row: ApiLogEntity, names: ReadonlyMap<number, string>): AuditLogEntry => ({
  id: row.id,
  user_id: row.userId,
  username: row.userId === null ? null : (names.get(row.userId) ?? null),
  action: row.endpoint,
  endpoint: row.endpoint,
  method: row.method,
  status_code: row.responseStatusCode,
  processing_time: row.responseTimeMs,
  ip_address: row.ipAddress,
  user_agent: row.userAgent,
  risk_score: null,
  timestamp: row.requestTimestamp,
});
