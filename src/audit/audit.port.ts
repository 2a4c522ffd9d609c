/** What an audit row is made of. Secrets are taken out when it is recorded, not before. */
export interface AuditEntry {
  /** Unique; a UUID. */
  readonly id: string;
  /** `X-Request-Id` of the answer. */
  readonly requestId: string;
  readonly userId: number | null;
  readonly address: string;
  readonly userAgent: string | null;
  readonly method: string;
  /** Path as it was sent, without the query. */
  readonly endpoint: string;
  /** Template of the matched route; null when none matched. */
  readonly route: string | null;
  /** With or without its `?`; empty when there is none. */
  readonly query: string;
  /** The parsed body; undefined when there is none. */
  readonly payload: unknown;
  /** Epoch ms. */
  readonly receivedAt: number;
  /** 499 when the client went away before it could be answered. */
  readonly status: number;
  readonly durationMs: number;
  /** Bytes of the answer's body; null for a stream. */
  readonly bytes: number | null;
}

/** Writes the audit log. */
export abstract class AuditRecorder {
  /** Resolves when the row is durable. @throws AppError `unavailable` when it can't be written */
  abstract record(entry: AuditEntry): Promise<void>;
  /** True when so many rows are waiting that no further request should begin. */
  abstract readonly overloaded: boolean;
  /** Writes the rows that still wait, and accepts no more. */
  abstract close(): Promise<void>;
}

/** Reads the audit log for other domains. */
export abstract class AuditTrail {
  /** Requests of a user from the beginning of the hour that `since` lies in. */
  abstract countRequests(userId: number, since: Date): Promise<number>;
}
