import { AsyncLocalStorage } from 'node:async_hooks';

/** Who is acting. Role names are canonical: `admin` is the synonym that clients may send and read. */
export interface Actor {
  readonly userId: number;
  readonly username: string;
  readonly role: string;
}

/**
 * What belongs to one operation (an HTTP request, a job run, a command) and must reach its log lines and its audit row
 * without being threaded through every call. Domain decisions never read it: they take the actor as a parameter.
 */
export interface OperationContext {
  readonly requestId: string;
  /** W3C Trace Context of the work in progress, for those who go on with its trace; null or absent without one. */
  readonly traceparent?: string | null;
  /**
   * Position in the database's log that a replica must have reached to serve what this operation reads; absent when it
   * reads from the primary only.
   */
  readonly replicaNeed?: bigint | undefined;
  /** Set by the access guard as soon as the caller is known, so that refusals are attributed too. */
  actor?: Actor;
}

const storage = new AsyncLocalStorage<OperationContext>();

export const runInContext = <T>(context: OperationContext, work: () => T): T => storage.run(context, work);

export const currentContext = (): OperationContext | undefined => storage.getStore();
