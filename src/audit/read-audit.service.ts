import { Injectable } from '@nestjs/common';
import type { Count } from '#libs/database';
import { warn } from '#libs/http';
import { Clock, HOUR_MS } from '#libs/kernel';
import { UserDirectory } from '../accounts/accounts.port.js';
import type { ApiLogEntity } from './api-log.entity.js';
import type { ApiLogFilter } from './api-log-terms.js';
import { ApiLogRepository, type FoundLogs, type LogPage } from './api-log.repository.js';
import { AuditArchiveRepository } from './archive/audit-archive.repository.js';
import type { AuditLogList, ListAudit, ListLogs, LogList } from './audit.dto.js';
import type { AuditTrail } from './audit.port.js';
import { LoggedRequests } from './logged-requests.repository.js';

const NONE: Count = { total: 0, isExact: true };

/** What an auditor sees: bodies and queries stay where they are. */
const TRAIL_FIELDS = [
  'id',
  'userId',
  'endpoint',
  'route',
  'method',
  'responseStatusCode',
  'responseTimeMs',
  'ipAddress',
  'userAgent',
  'requestTimestamp',
] as const;

/** Lists and counts audit rows. */
@Injectable()
export class ReadAudit implements AuditTrail {
  constructor(
    private readonly logs: ApiLogRepository,
    private readonly figures: LoggedRequests,
    private readonly archives: AuditArchiveRepository,
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
    const { rows, count } = await this.#found(filter, '', { limit, offset });
    await this.#warnOfArchived('hours', filter.from);
    return { logs: rows, ...count };
  }

  /** The audit log in the shape of the extended administration. */
  async trail(query: ListAudit): Promise<AuditLogList> {
    // No row has a risk score, so none has a high one.
    const unscored = query.riskScoreMin !== undefined;
    const [{ rows, count }, failed] = await Promise.all([
      unscored
        ? { rows: [], count: NONE }
        : this.#found(query, query.endpointPart ?? '', { ...query, fields: TRAIL_FIELDS }),
      this.figures.count('failed', null, this.#hoursAgo(24)),
    ]);
    const { total, isExact } = count;
    await this.#warnOfArchived('start_date', query.from);
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

  /** A path is found as it was sent, and by its route: `/api/v1/auth/%6cogin` is a login. */
  async #found(filter: ApiLogFilter, part: string, page: LogPage): Promise<FoundLogs> {
    const found = await this.logs.find(filter, part, page);
    const goesOn = part !== '' || found.rows.length < page.limit;
    if (found.searchedBackTo !== null && goesOn)
      warn({
        code: 'search_ended',
        field: part === '' && filter.endpoint === undefined ? 'end_date' : 'endpoint',
        message:
          `only the newest ${found.searched} requests that one of the filters matches were searched, back to ` +
          `${found.searchedBackTo.toISOString()}; that moment as end_date of /admin/audit goes on from there`,
      });
    return found;
  }

  /** Whoever asks for a time of which requests were archived is told that they are elsewhere. */
  async #warnOfArchived(field: string, from: Date | undefined): Promise<void> {
    if (from === undefined) return;
    const last = await this.archives.last();
    if (last === null || last.sealedUntil <= from) return;
    const until = last.sealedUntil.toISOString();
    warn({
      code: 'archived',
      field,
      message: `requests from before ${until} are in archives, not in this list`,
    });
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
