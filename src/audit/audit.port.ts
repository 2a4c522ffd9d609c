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
  /**
   * Adds a row. `settled` is called later: with null when the row is durable, or with why it can't be written. A
   * callback, because a promise a row costs more than its insertion.
   */
  abstract add(entry: AuditEntry, settled: (error: unknown) => void): void;
  /**
   * Adds a row in the transaction that the caller is in: they share the commit, and the row is durable, or gone, with all of it.
   * @throws AppError `unavailable` when it can't be written
   */
  abstract addWithin(entry: AuditEntry): Promise<void>;
  /** Resolves when the row is durable. @throws AppError `unavailable` when it can't be written */
  record(entry: AuditEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.add(entry, (error) => (error === null ? resolve() : reject(error as Error)));
    });
  }
  /** True when so many rows are waiting that no further request should begin. */
  abstract readonly overloaded: boolean;
  /** Rows that wait for their commit. */
  abstract readonly waiting: number;
  /** Writes the rows that still wait, and accepts no more. */
  abstract close(): Promise<void>;
}

/** Reads the audit log for other domains. */
export abstract class AuditTrail {
  /** Requests of a user from the beginning of the hour that `since` lies in. */
  abstract countRequests(userId: number, since: Date): Promise<number>;
}
