import { request as send } from 'node:http';
import type { TestApp } from './app.js';

/** A question to a prepared route. */
export interface PostedQuestion {
  readonly path: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with everything in it that may not be the same made the same. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Without ids and moments. */
const lasting = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/, 'DATE')
    .replace(/;t=\d+/, ';t=SECONDS')
    .replace(/(?<=retry-after\n)\d+/i, 'SECONDS');

/** Posts a question with its length, which lets it take the short way, or in chunks, which does not. */
export const askOn = (
  { url }: Pick<TestApp, 'url'>,
  way: 'short' | 'usual',
  { path, body, headers = {} }: PostedQuestion,
): Promise<PlainAnswer> =>
  new Promise((done, fail) => {
    const bytes = Buffer.isBuffer(body)
      ? body
      : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const length = way === 'short' ? { 'Content-Length': bytes.length } : { 'Transfer-Encoding': 'chunked' };
    send(
      `${url}${path}`,
      { method: 'POST', headers: { 'Content-Type': 'application/json', ...length, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            headers: lasting(response.rawHeaders.join('\n')).split('\n'),
            body: lasting(text),
          }),
        );
      },
    )
      .on('error', fail)
      .end(bytes);
  });

/** The newest audit rows, the newest first, without ids and moments. */
export async function lastRows(app: TestApp, limit = 2): Promise<readonly Record<string, unknown>[]> {
  const rows = await app.database.query<Record<string, unknown>>(
    `SELECT * FROM api_logs ORDER BY id DESC LIMIT ${limit}`,
  );
  return rows.map(({ id, request_id, correlation_id, request_timestamp, response_time_ms, ...rest }) => ({
    ...rest,
    sameId: request_id === correlation_id,
    known: [id, request_timestamp, response_time_ms].every((one) => one !== null),
  }));
}

/** The newest lines of the access log, without moments. */
export const lastLines = (app: TestApp, limit = 2): readonly unknown[] =>
  app.logLines
    .filter(({ name }) => name === 'prediction_provider.access')
    .slice(-limit)
    .map(({ level, user, address, route, msg }) => ({
      line: { level, user, address, route },
      text: msg.replace(/[\d.]+ms/, ''),
    }));
