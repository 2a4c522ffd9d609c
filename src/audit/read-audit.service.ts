import { Injectable } from '@nestjs/common';
import type { Count } from '#libs/database';
import { Clock, HOUR_MS } from '#libs/kernel';
import { UserDirectory } from '../accounts/accounts.port.js';
import type { ApiLogEntity } from './api-log.entity.js';
import { ApiLogRepository, type ApiLogFilter } from './api-log.repository.js';
import type { AuditLogList, ListAudit, ListLogs, LogList } from './audit.dto.js';
import type { AuditTrail } from './audit.port.js';
import { LoggedRequests } from './logged-requests.repository.js';

const NONE: Count = { total: 0, isExact: true };

/** Lists and counts audit rows. */
@Injectable()
export class ReadAudit implements AuditTrail {
  constructor(
    private readonly logs: ApiLogRepository,
    private readonly figures: LoggedRequests,
    private readonly users: UserDirectory,
    private readonly clock: Clock,
  ) {}

  /** The request log; an unknown user has no requests. */
  async requests({ user, endpoint, hours, limit, offset }: ListLogs): Promise<LogList> {
    const userId = user === undefined ? undefined : await this.users.idOf(user);
    if (userId === null) return { logs: [], ...NONE };
    const filter: ApiLogFilter = {
      from: this.#hoursAgo(hours),
      ...(userId !== undefined && { userId }),
      ...(endpoint !== undefined && { endpoint }),
    };
    const [rows, count] = await Promise.all([
      this.logs.newest(filter, { limit, offset }),
      this.logs.count(filter),
    ]);
    return { logs: rows, ...count };
  }

  /** The audit log in the shape of the extended administration. */
  async trail(query: ListAudit): Promise<AuditLogList> {
    // No row has a risk score, so none has a high one.
    const unscored = query.riskScoreMin !== undefined;
    const [rows, { total, isExact }, failed] = await Promise.all([
      unscored ? [] : this.logs.newest(query, query),
      unscored ? NONE : this.logs.count(query),
      this.figures.count('failed', null, this.#hoursAgo(24)),
    ]);
    const names = await this.#namesOf(rows);
    return {
      auditLogs: rows.map((row) => ({
        ...row,
        username: row.userId === null ? null : (names.get(row.userId) ?? null),
      })),
      totalCount: total,
      isExact,
      failedRequests: failed,
    };
  }

  countRequests(userId: number, since: Date): Promise<number> {
    return this.figures.count('requests', userId, since);
  }

  #hoursAgo(hours: number): Date {
    return new Date(this.clock.now() - hours * HOUR_MS);
  }

  async #namesOf(rows: readonly ApiLogEntity[]): Promise<ReadonlyMap<number, string>> {
    const ids = [...new Set(rows.map(({ userId }) => userId))].filter((id) => id !== null);
    return ids.length === 0 ? new Map() : this.users.usernames(ids);
  }
}
