import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';

const HOUR = 3_600_000;
const STEPS: Readonly<Record<string, number>> = {
  '1m': HOUR / 60,
  '15m': HOUR / 4,
  '30m': HOUR / 2,
  '1h': HOUR,
  '1d': 24 * HOUR,
  '1wk': 7 * 24 * HOUR,
};

/** What the service was asked. */
export interface Asked {
  readonly symbol: string;
  readonly interval: string;
  readonly from: number;
  readonly to: number;
  readonly cookie: string;
  readonly agent: string;
  readonly query: URLSearchParams;
}

export type Answer = (asked: Asked, response: ServerResponse) => void;

/** Price of a bar by its beginning: two bars of one moment agree, whatever their length. */
export const priceOf = (time: number): number =>
  100 + Math.sin(time / (50 * HOUR)) + (time % (97 * HOUR)) / (97 * HOUR);

/** The chart that a working service sends. `change` may break it. */
export function chartText(
  { symbol, interval, from, to }: Asked,
  change: (result: ChartResult) => unknown = (result) => result,
): string {
  const step = STEPS[interval] ?? HOUR;
  const begin = interval === '1d' ? 14.5 * HOUR : 0;
  const times: number[] = [];
  for (let time = Math.ceil((from - begin) / step) * step + begin; time < to; time += step) times.push(time);
  const result: ChartResult = {
    meta: {
      symbol,
      currency: 'USD',
      gmtoffset: -18_000,
      currentTradingPeriod: { regular: { start: 52_200, end: 52_200 + 6.5 * 3_600, gmtoffset: -18_000 } },
    },
    timestamp: times.map((time) => time / 1000),
    indicators: {
      quote: [
        {
          open: times.map(priceOf),
          high: times.map((time) => priceOf(time) + 0.5 + (time % (7 * HOUR)) / (70 * HOUR)),
          low: times.map((time) => priceOf(time) - 0.5 - (time % (5 * HOUR)) / (50 * HOUR)),
          close: times.map((time) => priceOf(time + step)),
          volume: times.map(() => 1_000),
        },
      ],
    },
  };
  return JSON.stringify({ chart: { result: [change(result)], error: null } });
}

export interface ChartResult {
  readonly meta: Readonly<Record<string, unknown>>;
  readonly timestamp?: readonly number[];
  readonly indicators: {
    readonly quote: readonly Readonly<Record<string, readonly (number | null)[]>>[];
  };
}

export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

export const chart: Answer = (asked, response) => {
  response.setHeader('content-type', 'application/json');
  response.setHeader('set-cookie', 'A3=session-7; Domain=.yahoo.com; Path=/; Secure; HttpOnly');
  response.end(chartText(asked));
};

export const chartWith =
  (change: (result: ChartResult) => unknown): Answer =>
  (asked, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(chartText(asked, change));
  };

/** A row of a chart: when, and open, high, low, close; null for a bar without a trade. */
export type Row = readonly [when: string, prices: readonly [number, number, number, number] | null];

/** A chart of these rows, whatever was asked; each has a volume of 100. */
export function rowsOf(
  meta: Readonly<Record<string, unknown>>,
  rows: readonly Row[],
  more: object = {},
): Answer {
  const column = (place: number) => rows.map(([, prices]) => prices?.[place] ?? null);
  const [open, high, low, close] = [column(0), column(1), column(2), column(3)];
  const result = {
    meta,
    timestamp: rows.map(([when]) => Date.parse(when) / 1000),
    indicators: { quote: [{ open, high, low, close, volume: rows.map(() => 100) }], ...more },
  };
  return json(200, { chart: { result: [result], error: null } });
}

/**
 * A local server that speaks the chart protocol. `answers` are given one after the other, the last one for ever; `byTest`
 * starts each test with a working service.
 */
export function yahooServer() {
  const asked: Asked[] = [];
  let answers: readonly Answer[] = [chart];
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const question = questionOf(request);
    asked.push(question);
    held.add(response);
    response.on('close', () => held.delete(response));
    (answers[asked.length - 1] ?? answers.at(-1))?.(question, response);
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  beforeEach(() => {
    asked.length = 0;
    answers = [chart];
  });
  afterAll(async () => {
    for (const response of held) response.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    asked,
    answer: (...given: readonly Answer[]): void => {
      asked.length = 0;
      answers = given;
    },
    get url(): string {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
  };
}

function questionOf(request: IncomingMessage): Asked {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, symbol = ''] = /^\/v8\/finance\/chart\/(.+)$/.exec(url.pathname) ?? [];
  return {
    symbol: decodeURIComponent(symbol),
    interval: url.searchParams.get('interval') ?? '',
    from: Number(url.searchParams.get('period1')) * 1000,
    to: Number(url.searchParams.get('period2')) * 1000,
    cookie: request.headers.cookie ?? '',
    agent: request.headers['user-agent'] ?? '',
    query: url.searchParams,
  };
}
