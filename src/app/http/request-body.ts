import type { IncomingMessage } from 'node:http';
import { AppError } from '#libs/kernel';
import { RawText } from '#libs/http';
import { parseJsonList } from './json-list.js';
import { parseJsonBody, textOf } from './json-text.js';

const tooLarge = (limit: number): AppError =>
  new AppError('too_large', `The request body is larger than ${limit} bytes`, {
    headers: { Connection: 'close' },
  });

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** Larger bodies are parsed in pieces: `JSON.parse` would keep the event loop for 100 ms at 12 MB. */
const PIECEMEAL_BYTES = 262_144;

/**
 * Reads and parses the body of a request: JSON by its content type (or without one), other text as {@link RawText},
 * undefined when there is none.
 * @param limit most bytes
 * @throws AppError `too_large`, or `invalid` with type `json_invalid`; Error when the client goes away
 */
export async function receiveBody(request: IncomingMessage, limit: number): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  const bytes = await readBytes(request, limit);
  if (bytes.length === 0) return undefined;
  const type = request.headers['content-type'];
  if (type !== undefined && !JSON_TYPE.test(type)) return new RawText(bytes.toString('utf8'), type);
  return bytes.length > PIECEMEAL_BYTES ? parseJsonList(textOf(bytes)) : parseJsonBody(bytes);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume();
    return Promise.reject(tooLarge(limit));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    // Nobody listens for 'error': Node then only tells of a client that went away by 'close'.
    request
      .on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limit) chunks.push(chunk);
        // What still comes is thrown away, so that the client gets to read the answer before the connection closes.
        else reject(tooLarge(limit));
      })
      .on('end', () => {
        if (size <= limit)
          resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
      })
      .on('close', () => {
        if (!request.readableEnded) {
          reject(new AppError('bad_request', 'The request ended before its body was complete'));
        }
      });
  });
}
