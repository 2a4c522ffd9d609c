import type { PluginLogger } from '#libs/plugin-sdk';
import { type Chart, chartOf, type ChartQuestion, YahooFault, type YahooFaultKind } from './chart.js';

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
 * logs. The library is imported at the first request: 0.5 s from a cold disk that the start does not pay, and seconds on a
 * busy machine, which are no waiting for the service: so it is opened before a time limit begins.
 */
export function yahooCharts(
  { yahoo_url, adjusted }: { readonly yahoo_url: string; readonly adjusted: boolean },
  logger: PluginLogger,
): () => Promise<FetchChart> {
  let opened: Promise<FetchChart> | null = null;
  return () => (opened ??= chartMethod(yahoo_url, logger).then((chart) => fetchBy(chart, adjusted)));
}

function fetchBy(chart: ChartMethod, adjusted: boolean): FetchChart {
  return async (question, signal) => {
    const { symbol, interval, from, to } = question;
    const query = {
      // The service takes seconds and leaves out the end.
      period1: Math.floor(from / 1000),
      period2: Math.floor(to / 1000) + 1,
      interval,
      includePrePost: false,
      events: 'div|split',
      return: 'object',
    };
    try {
      const answer = await chart(encodeURIComponent(symbol), query, {
        validateResult: false,
        fetchOptions: { signal },
      });
      return chartOf(answer, question, adjusted);
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
    // Its queue is one for all clients of the process, and what waits there uses up its time limit: see PARALLEL_REQUESTS.
    queue: { concurrency: Number.MAX_SAFE_INTEGER },
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

/** The address that the client library is built for. */
const YAHOO_URL = 'https://query2.finance.yahoo.com';

/** The longest chart there is, two years of hourly FX bars, has under 2 MB; an answer far beyond that is no chart. */
const LONGEST_ANSWER_BYTES = 32 * 1024 * 1024;
const LONGEST_TEXT = 200;

/**
 * `fetch` for the client library: asks the configured address instead of the built-in one, reads no more than a chart can
 * be long, and turns refusals into {@link YahooFault}s before the library prints them.
 */
function guardedFetch(baseUrl: string): typeof fetch {
  return async (input, init) => {
    const address = String(input instanceof Request ? input.url : input);
    const url = address.startsWith(YAHOO_URL) ? baseUrl + address.slice(YAHOO_URL.length) : address;
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, init);
      text = await textOf(response);
    } catch (error) {
      if (error instanceof YahooFault || init?.signal?.aborted) throw error;
      throw new YahooFault('down', 'it cannot be reached', { cause: error });
    }
    const said = errorIn(text);
    if (!response.ok || said) throw refusal(response.status, said);
    return new Response(text, { status: response.status, headers: response.headers });
  };
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LONGEST_ANSWER_BYTES) throw new YahooFault('down', 'its answer is too long');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

interface ChartError {
  readonly code: string;
  readonly description: string;
}

/** The error that an answer carries in the service's own form, or null. */
function errorIn(text: string): ChartError | null {
  if (!/"error"\s*:\s*\{/.test(text.slice(0, 2_000))) return null;
  try {
    const { chart } = JSON.parse(text) as { chart?: { error?: Partial<ChartError> } };
    if (!chart?.error) return null;
    return { code: String(chart.error.code), description: String(chart.error.description) };
  } catch {
    // Not JSON after all: the library says so about an answer, and a refusal needs no text.
    return null;
  }
}

const KIND_BY_STATUS: Readonly<Record<number, YahooFaultKind>> = {
  400: 'refused',
  401: 'busy',
  403: 'busy',
  404: 'unknown',
  422: 'refused',
  429: 'busy',
};
const KIND_BY_CODE: Readonly<Record<string, YahooFaultKind>> = {
  'Bad Request': 'refused',
  'Not Found': 'unknown',
  'Unprocessable Entity': 'refused',
};

function refusal(status: number, said: ChartError | null): YahooFault {
  const kind = KIND_BY_STATUS[status] ?? (said && KIND_BY_CODE[said.code]) ?? 'down';
  const text = said?.description ?? `it answers ${status}`;
  return new YahooFault(kind, text.replaceAll(/\s+/g, ' ').slice(0, LONGEST_TEXT));
}
