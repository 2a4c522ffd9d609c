import { existsSync, readFileSync } from 'node:fs';

/** What a caller of the observer does over and over. */
export type Work =
  /** Asks for a core prediction. */
  | 'predict'
  /** Submits an order to the marketplace. */
  | 'order'
  /** Looks for a pending order, claims it and submits an answer. */
  | 'answer'
  /** Claims an order and forgets it, so that its lease runs out. */
  | 'forget'
  /** Reads a prediction that was acknowledged. */
  | 'read'
  /** Submits orders at the common rate, however many are open, and asks once for each. */
  | 'flood'
  /** Submits an order with the same key ten times at once. */
  | 'repeat';

/** What a request asked for, as far as verification tells them apart. */
export type Asked = 'prediction' | 'order' | 'claim' | 'answer' | 'read' | 'list';

/** One request and what became of it: a line of the journal, written before its caller goes on. */
export interface Call {
  readonly asked: Asked;
  /** Epoch ms, when it was sent. */
  readonly at: number;
  /** Until its answer or its end. */
  readonly ms: number;
  /** `X-Request-Id`, one for each attempt. */
  readonly request: string;
  /** Of the answer; null when none came. */
  readonly status: number | null;
  /** Why none came: the code of the socket's error, or `TIMEOUT`. */
  readonly fault?: string;
  /** `Idempotency-Key`, the same for all attempts. */
  readonly key?: string;
  /** Id of what the answer speaks of. */
  readonly id?: string;
  /** Of a claim, and of an answer under it. */
  readonly epoch?: number;
  /** `result_hash` of an accepted answer. */
  readonly resultHash?: string;
  /** SHA-256 of the answer's bytes. */
  readonly digest?: string;
  readonly hasRetryAfter?: boolean;
}

/** What the observer is told to do. */
export interface LoadOrder {
  readonly targets: readonly string[];
  readonly clients: readonly string[];
  readonly evaluators: readonly string[];
  /** Each of these is a caller; a work that stands twice is done by two. */
  readonly callers: readonly Work[];
  /** All callers together, requests a second; as fast as they can when left out. */
  readonly perSecond?: number;
  /** Decides what callers choose. */
  readonly seed: number;
}

/** Counts of the journal so far. */
export interface Figures {
  readonly sent: number;
  /** Answers 2xx. */
  readonly acknowledged: number;
  /** Answers of any kind. */
  readonly answered: number;
  readonly works: number;
}

export const isAcknowledged = ({ status }: Call): boolean => status !== null && status >= 200 && status < 300;

/** The journal's lines; one that was being written when its process was killed is no answer that anybody got. */
export function readJournal(path: string): Call[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Call);
}

/** Mulberry32: numbers from 0 to 1, the same in every run. */
export function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Why this machine cannot play a scenario. */
export class Skipped extends Error {}
