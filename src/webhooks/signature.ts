import { Webhook } from 'standardwebhooks';

/** A message before it is signed. */
export interface UnsignedMessage {
  readonly id: string;
  readonly body: string;
}

/**
 * The headers of the Standard Webhooks specification (HMAC-SHA256, base64). With several secrets there are several
 * signatures; a receiver takes the message when any of them is right.
 * @param secrets `whsec_…`, the newest first
 */
export function signedHeaders(
  { id, body }: UnsignedMessage,
  secrets: readonly string[],
  nowMs: number,
): Readonly<Record<string, string>> {
  const seconds = Math.floor(nowMs / 1000);
  const at = new Date(seconds * 1000);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
