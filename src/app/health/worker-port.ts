import { createServer, type RequestListener, type Server } from 'node:http';
import { messageOf } from '#libs/kernel';
import type { HealthReading } from '#libs/plugin-sdk';

/** What a process without an API shows of itself. */
export interface Shown {
  readonly readings: () => Promise<readonly HealthReading[]>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

type Answer = readonly [status: number, contentType: string, body: string];

/** The server of a worker's port: its health and its metrics, for orchestrators and Prometheus, and nothing else. */
export const healthServer = (shown: Shown): Server => {
  const answer: RequestListener = (request, response) => {
    void answerTo(shown, request.method ?? '', (request.url ?? '').split('?', 1)[0] ?? '')
      .catch((error: unknown) => json(500, { detail: messageOf(error) }))
      .then(([status, contentType, body]) =>
        response.writeHead(status, { 'Content-Type': contentType }).end(body),
      );
  };
  return createServer({ requestTimeout: LIMIT_MS, headersTimeout: LIMIT_MS }, answer);
};

/** Probes send a line and wait for a few. */
const LIMIT_MS = 5_000;

const json = (status: number, body: object): Answer => [status, 'application/json', JSON.stringify(body)];

async function answerTo({ readings, metrics }: Shown, method: string, path: string): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { detail: 'Only GET is allowed here' });
  if (path === '/health' || path === '/health/live') return json(200, { status: 'ok' });
  if (path === '/health/ready') {
    const all = await readings();
    const details = Object.fromEntries(
      all.map(({ name, up, detail }) => [name, { status: up ? 'up' : 'down', ...detail }]),
    );
    const isReady = all.every(({ up }) => up);
    return json(isReady ? 200 : 503, { status: isReady ? 'ok' : 'error', details });
  }
  if (path === '/metrics') {
    const { contentType, body } = await metrics();
    return [200, contentType, body];
  }
  return json(404, {
    detail:
      'A worker answers /health, /health/live, /health/ready and /metrics; the API is at the serving processes',
  });
}
