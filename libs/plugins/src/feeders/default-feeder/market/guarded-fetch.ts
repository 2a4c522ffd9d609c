import { YahooFault, type YahooFaultKind } from './yahoo-fault.js';

/** The address that the client library is built for. */
const YAHOO_URL = 'https://query2.finance.yahoo.com';

/** The longest chart there is, two years of hourly FX bars, has under 2 MB; an answer far beyond that is no chart. */
const LONGEST_ANSWER_BYTES = 32 * 1024 * 1024;
const LONGEST_TEXT = 200;

/**
 * `fetch` for the client library: asks the configured address instead of the built-in one, reads no more than a chart can
 * be long, and turns refusals into {@link YahooFault}s before the library prints them.
 */
export function guardedFetch(baseUrl: string): typeof fetch {
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
