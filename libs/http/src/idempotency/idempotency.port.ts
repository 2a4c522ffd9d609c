/** An answer that can be given again, byte for byte. */
export interface StoredReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface IdempotentRequest {
  /** Whose key it is: `user:7`, or `address:192.0.2.1` for anonymous callers. */
  readonly scope: string;
  readonly key: string;
  /** Digest of method, path, query and body. */
  readonly fingerprint: string;
}

export type Reserved<Reservation> =
  | { readonly state: 'reserved'; readonly reservation: Reservation }
  /** The first request with this key is still at work. */
  | { readonly state: 'in_progress' }
  /** The key was used for a different request. */
  | { readonly state: 'mismatch' }
  | { readonly state: 'completed'; readonly reply: StoredReply };

/** Remembers answers by key. What it promises is that effect and answer are kept together or not at all. */
export abstract class IdempotencyPort<Reservation = unknown> {
  /** Takes the key, durably, or says who has it. */
  abstract reserve(request: IdempotentRequest): Promise<Reserved<Reservation>>;
  /** Runs `work` in one transaction (transactions inside of it join) and keeps the answer it makes in the same one. */
  abstract commit(reservation: Reservation, work: () => Promise<StoredReply>): Promise<StoredReply>;
  /** Replaces the kept answer by the one that the caller really got, after a wait behind the commit. */
  abstract amend(reservation: Reservation, reply: StoredReply): Promise<void>;
  /** Gives the key back after a failure: the caller may try again with it. */
  abstract release(reservation: Reservation): Promise<void>;
}
