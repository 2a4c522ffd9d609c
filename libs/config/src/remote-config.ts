import { ConfigError } from './config-error.js';
import { parseDocument, type Read } from './files.js';
import type { AppConfig } from './app-config.js';
import { savedDocument } from './saved-config.js';
import type { Settings } from './settings.js';

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 1_048_576;

/**
 * Fetches the document that `remote_load_config` names: at most 1 MiB, within 10 s, redirects refused, because they
 * could carry the password to another host.
 */
export async function fetchRemoteConfig(values: Settings): Promise<Read<Readonly<Record<string, unknown>>>> {
  const key = 'remote_load_config';
  const address = values[key] ?? '';
  const answer = await call(key, address, { method: 'GET', headers: headersOf(values) });
  if ('fault' in answer) return answer;
  const place = new URL(address).host;
  const text = await readLimited(answer.value);
  return text === undefined
    ? { fault: `${key}: the answer of ${place} is too long or broke off; at most ${MOST_BYTES} bytes` }
    : parseDocument(text, key, `the answer of ${place}`);
}

/** Sends the saved form of the configuration to `remote_save_config`. */
export async function sendRemoteConfig(config: AppConfig): Promise<void> {
  const answer = await call('remote_save_config', config.remote_save_config ?? '', {
    method: 'PUT',
    headers: { ...headersOf(config), 'content-type': 'application/json' },
    body: JSON.stringify(savedDocument(config)),
  });
  if ('fault' in answer) throw new ConfigError([answer.fault]);
  await answer.value.body?.cancel();
}

function headersOf({ username, password }: Settings): Record<string, string> {
  if (password === null) return {};
  const credentials = Buffer.from(`${username ?? ''}:${password}`).toString('base64');
  return { authorization: `Basic ${credentials}` };
}

async function call(key: string, address: string, init: RequestInit): Promise<Read<Response>> {
  const { host } = new URL(address);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(address, { ...init, redirect: 'error', signal });
    if (answer.ok) return { value: answer };
    await answer.body?.cancel();
    return { fault: `${key}: ${host} answered ${answer.status}` };
  } catch (cause) {
    return { fault: `${key}: ${host} cannot be reached (${reasonOf(cause)})` };
  }
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
}

/** The body as text, or undefined when it is longer than allowed or ends early. */
async function readLimited(answer: Response): Promise<string | undefined> {
  if (!answer.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = answer.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > MOST_BYTES) {
        await reader.cancel();
        return undefined;
      }
      chunks.push(part.value);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}
