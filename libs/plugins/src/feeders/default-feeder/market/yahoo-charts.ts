import type { PluginLogger } from '#libs/plugin-sdk';
import { chartOf, type Chart } from './chart-answer.js';
import type { ChartQuestion } from './chart-question.js';
import { guardedFetch } from './guarded-fetch.js';
import { YahooFault } from './yahoo-fault.js';

/** One request for a chart, one answer or a {@link YahooFault}. */
export type FetchChart = (question: ChartQuestion, signal: AbortSignal) => Promise<Chart>;

/** What the client library offers for charts; its own types ask for a validated answer, which is checked here instead. */
type ChartMethod = (
  symbol: string,
  query: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
) => Promise<unknown>;

/**
 * Charts through the yahoo-finance2 client: it knows the address, the cookies and the query of the service. Its own
 * validation is off because it refuses whole charts for a missing detail; its console output is off because the caller
 * logs. The library is imported at the first request: 0.5 s from a cold disk that the start does not pay.
 */
export function yahooCharts(baseUrl: string, logger: PluginLogger): FetchChart {
  let client: Promise<ChartMethod> | null = null;
  return async ({ symbol, interval, from, to }, signal) => {
    client ??= chartMethod(baseUrl, logger);
    const chart = await client;
    const query = {
      // The service takes seconds and leaves out the end.
      period1: Math.floor(from / 1000),
      period2: Math.floor(to / 1000) + 1,
      interval,
      includePrePost: false,
      events: '',
      return: 'object',
    };
    try {
      const answer = await chart(encodeURIComponent(symbol), query, {
        validateResult: false,
        fetchOptions: { signal },
      });
      return chartOf(answer, interval);
    } catch (error) {
      throw faultOf(error, signal);
    }
  };
}

async function chartMethod(baseUrl: string, logger: PluginLogger): Promise<ChartMethod> {
  const [{ default: createYahooFinance }, { default: chart }, { ExtendedCookieJar }] = await Promise.all([
    import('yahoo-finance2/createYahooFinance'),
    import('yahoo-finance2/modules/chart'),
    import('yahoo-finance2/lib/cookieJar'),
  ]);
  const YahooFinance = createYahooFinance({ modules: { chart } });
  const silent = () => undefined;
  const client = new YahooFinance({
    fetch: guardedFetch(baseUrl),
    cookieJar: new ExtendedCookieJar(),
    logger: {
      // The one warning it gives at start is about Node versions below 22, with which it was tested here.
      info: silent,
      warn: silent,
      error: (...parts: unknown[]) => logger.warn(`yahoo-finance2: ${parts.map(String).join(' ')}`),
      debug: silent,
      dir: silent,
    },
    validation: { logErrors: false, logOptionsErrors: false },
    versionCheck: false,
    suppressNotices: ['yahooSurvey'],
  });
  return (symbol, query, options) =>
    (client.chart as unknown as ChartMethod).call(client, symbol, query, options);
}

function faultOf(error: unknown, signal: AbortSignal): YahooFault {
  if (error instanceof YahooFault) return error;
  const text = signal.aborted ? 'it did not answer in time' : 'its answer is not a chart';
  return new YahooFault('down', text, { cause: error });
}
