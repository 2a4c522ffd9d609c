/** An answer that can be sent again, byte for byte. */
export interface StoredReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface IdempotentRequest {
  /** Owner of the key: `user:7`, or `address:192.0.2.1` for an anonymous caller. */
  readonly scope: string;
  readonly key: string;
  /** Digest of method, path, query and body. */
  readonly fingerprint: string;
}

export type Reserved<Reservation> =
  | { readonly state: 'reserved'; readonly reservation: Reservation }
  /** The first request with this key is still being processed. */
  | { readonly state: 'in_progress' }
  /** The key was used for a different request. */
  | { readonly state: 'mismatch' }
  | { readonly state: 'completed'; readonly reply: StoredReply };

/** Stores answers by key. Effect and answer are stored together or not at all. */
export abstract class IdempotencyPort<Reservation = unknown> {
  /** Reserves the key durably, or returns its current state. */
  abstract reserve(request: IdempotentRequest): Promise<Reserved<Reservation>>;
  /** Runs `work` in one transaction, which nested ones join, and stores its answer in the same transaction. */
  abstract commit(reservation: Reservation, work: () => Promise<StoredReply>): Promise<StoredReply>;
  /** Replaces the stored answer with the one that the caller got, if that was made after the commit. */
  abstract amend(reservation: Reservation, reply: StoredReply): Promise<void>;
  /** Releases the key after a failure, so that the caller can use it again. */
  abstract release(reservation: Reservation): Promise<void>;
}
