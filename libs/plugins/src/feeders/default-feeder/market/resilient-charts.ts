import {
  BrokenCircuitError,
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import { decimal, integer, type ParameterDeclarations, type ParametersOf } from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import { type Chart, type ChartQuestion, YahooFault } from './chart.js';
import type { FetchChart } from './yahoo-charts.js';

/** When a request to the market is given up, repeated, or not made at all. */
export const resilienceParameters = {
  source_timeout_seconds: decimal(
    { default: 10, min: 0.01, max: 300 },
    'Time limit of one request to the market, in seconds.',
  ),
  source_retries: integer({ default: 2, min: 0, max: 10 }, 'Number of retries after a failed request.'),
  source_retry_delay_ms: integer(
    { default: 250, min: 1, max: 60_000 },
    'Milliseconds before the first retry. Later retries wait longer; every wait is randomised a little.',
  ),
  source_break_after: integer(
    { default: 5, min: 1, max: 1_000 },
    'Number of consecutive failed requests after which no requests are sent for `source_break_seconds`.',
  ),
  source_break_seconds: decimal(
    { default: 30, min: 0.01, max: 3_600 },
    'Seconds without requests after `source_break_after` failures.',
  ),
} as const satisfies ParameterDeclarations;

/** Jitter spreads the attempts of many processes between half and twice the delay; a delay never exceeds this factor. */
const LONGEST_DELAY_FACTOR = 32;

/** Requests at a time, as the client library has it; the time limit of one begins when its turn has come. */
const PARALLEL_REQUESTS = 4;
/** Requests that wait for their turn: far more than a process computes forecasts at a time. */
const MOST_WAITING = 10_000;

const isOutage = (error: Error): boolean =>
  error instanceof TaskCancelledError ||
  (error instanceof YahooFault && (error.kind === 'down' || error.kind === 'busy'));

/**
 * Asks with a time limit, again after a failure (never after a "leave me alone"), and not at all for a while when the
 * service failed several times in a row. One instance for all symbols: they share the service.
 * @param open what is to be done before the first request, outside of its time limit
 * @returns the chart; throws PluginError `no_data`, `invalid_request` or `source_unavailable`
 */
export function resilientCharts(
  open: () => Promise<FetchChart>,
  settings: ParametersOf<typeof resilienceParameters>,
): (question: ChartQuestion) => Promise<Chart> {
  const again = retry(
    handleWhen((error) => isOutage(error) && !(error instanceof YahooFault && error.kind === 'busy')),
    {
      maxAttempts: settings.source_retries,
      backoff: new ExponentialBackoff({
        initialDelay: settings.source_retry_delay_ms,
        maxDelay: settings.source_retry_delay_ms * LONGEST_DELAY_FACTOR,
      }),
    },
  );
  const breaker = circuitBreaker(handleWhen(isOutage), {
    halfOpenAfter: settings.source_break_seconds * 1000,
    breaker: new ConsecutiveBreaker(settings.source_break_after),
  });
  const limit = timeout(settings.source_timeout_seconds * 1000, TimeoutStrategy.Aggressive);
  const turns = bulkhead(PARALLEL_REQUESTS, MOST_WAITING);
  const policy = wrap(again, breaker, turns, limit);
  return async (question) => {
    try {
      const fetchChart = await open();
      return await policy.execute(({ signal }) => fetchChart(question, signal));
    } catch (error) {
      throw answerTo(error, question.symbol);
    }
  };
}

const SPELLINGS =
  'names there look like BRK-B, VOD.L, EURUSD=X, BTC-USD, ^GSPC or GC=F, and symbol_map translates others';

function answerTo(error: unknown, symbol: string): unknown {
  const unavailable = (reason: string) =>
    new PluginError('source_unavailable', `Yahoo Finance gave no answer about ${symbol}: ${reason}`, {
      cause: error,
    });
  if (error instanceof BrokenCircuitError)
    return unavailable('it failed repeatedly, so no requests are sent for a while');
  if (error instanceof TaskCancelledError) return unavailable('it did not answer in time');
  if (!(error instanceof YahooFault)) return error;
  switch (error.kind) {
    case 'unknown':
      return new PluginError(
        'no_data',
        `Yahoo Finance has no bars of ${symbol}: ${error.message}; ${SPELLINGS}`,
        {
          cause: error,
        },
      );
    case 'refused':
      return new PluginError(
        'invalid_request',
        `Yahoo Finance refuses to answer about ${symbol}: ${error.message}`,
        { cause: error },
      );
    case 'busy':
    case 'down':
      return unavailable(error.message);
  }
}
