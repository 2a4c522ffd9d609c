import { PredictionProviderError } from './errors.js';

/** The message is not from the service, was changed on the way, or is too old. */
export class WebhookVerificationError extends PredictionProviderError {
  override readonly name = 'WebhookVerificationError';
}

/** Headers as `fetch` or Node.js give them; names in any case. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

const TOLERANCE_S = 300;

/**
 * The JSON of a message whose signature is right (Standard Webhooks, HMAC-SHA256).
 * @param secret `whsec_…`
 * @param body exactly as received
 * @param nowMs the receiver's clock, for tests
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(
  secret: string,
  headers: WebhookHeaders,
  body: string,
  nowMs: number = Date.now(),
): Promise<unknown> {
  const [id, stamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    header(headers, `webhook-${name}`),
  );
  if (id === undefined || stamp === undefined || signatures === undefined || !/^\d+$/.test(stamp))
    throw new WebhookVerificationError('a header of the signature is missing or malformed');
  if (Math.abs(nowMs / 1000 - Number(stamp)) > TOLERANCE_S)
    throw new WebhookVerificationError(`the message is more than ${TOLERANCE_S} s away from now`);
  const key = await crypto.subtle.importKey(
    'raw',
    bytesOf(secret.replace(/^whsec_/, '')),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const signed = new TextEncoder().encode(`${id}.${stamp}.${body}`);
  const given = signatures.split(' ').filter((one) => one.startsWith('v1,'));
  const found = await Promise.all(
    given.map((one) => crypto.subtle.verify('HMAC', key, bytesOf(one.slice(3)), signed)),
  );
  if (!found.includes(true)) throw new WebhookVerificationError('no signature matches');
  return JSON.parse(body) as unknown;
}

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const value = Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : value?.[0];
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  } catch {
    throw new WebhookVerificationError('a signature or the secret is not base64');
  }
}
