import type { Verdict } from './verdict.js';

/** What strategies read of a request. */
export interface CredentialRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A passport strategy, as far as it is called here. */
interface Strategy {
  authenticate(request: never, options?: unknown): void;
}

/**
 * Runs one passport strategy over a request. Passport itself keeps strategies in a registry of the whole process,
 * where a second application (a test, another tenant) would replace the first one's, and adds login functions to each
 * request; its contract for a strategy (success, fail, error on an object made for the request) is all that is needed.
 * @returns the strategy's verdict, or null when it found no credential or one that it can't read
 */
export function runStrategy(strategy: Strategy, request: CredentialRequest): Promise<Verdict | null> {
  return new Promise((resolve, reject) => {
    const attempt = Object.create(strategy) as Strategy & {
      success(verdict: Verdict): void;
      fail(): void;
      error(error: unknown): void;
    };
    attempt.success = resolve;
    attempt.fail = () => resolve(null);
    attempt.error = reject;
    attempt.authenticate(request as never);
  });
}
