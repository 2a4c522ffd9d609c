/**
 * What went wrong with one request to the chart service:
 * - `unknown`: it has no such symbol, or no bars of it
 * - `refused`: it does not answer the question as asked (400, 422)
 * - `busy`: it wants to be left alone (429, 401, 403)
 * - `down`: it failed, did not answer, or sent something that is no chart
 */
export type YahooFaultKind = 'unknown' | 'refused' | 'busy' | 'down';

/** One failed request. The message carries what the service said, shortened, and no address. */
export class YahooFault extends Error {
  constructor(
    readonly kind: YahooFaultKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'YahooFault';
  }
}
