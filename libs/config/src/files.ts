import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { messageOf } from '#libs/kernel';
import type { Environment } from './environment.js';

const MOST_BYTES = 1_048_576;

export type Read<T> = { readonly value: T } | { readonly fault: string };

/** Reads a JSON document with settings; `path` is taken from `cwd`. Every failure is a fault in words. */
export function readConfigFile(path: string, cwd: string): Read<Readonly<Record<string, unknown>>> {
  const text = readText(resolve(cwd, path));
  return 'fault' in text
    ? { fault: `load_config: ${path} ${text.fault}` }
    : parseDocument(text.value, 'load_config', path);
}

/** Reads the text of a JSON document that must be one object. `key` and `place` begin the fault. */
export function parseDocument(
  text: string,
  key: string,
  place: string,
): Read<Readonly<Record<string, unknown>>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    return { fault: `${key}: ${place} is not JSON: ${jsonFault(cause, text)}` };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return { fault: `${key}: ${place} must contain one JSON object, for example {"port": 8000}` };
  }
  return { value: document as Record<string, unknown> };
}

/** Reads `.env` of the working directory; a missing one is an empty environment. */
export function readDotenv(cwd: string): Read<Environment> {
  const text = readText(resolve(cwd, '.env'));
  if ('value' in text) return { value: parse(text.value) };
  return text.missing ? { value: {} } : { fault: `.env ${text.fault}` };
}

function readText(
  path: string,
): { readonly value: string } | { readonly fault: string; readonly missing: boolean } {
  try {
    const status = statSync(path);
    if (!status.isFile()) return { fault: 'is not a file', missing: false };
    if (status.size > MOST_BYTES) return { fault: `is larger than ${MOST_BYTES} bytes`, missing: false };
    return { value: readFileSync(path, 'utf8').replace(/^\uFEFF/, '') };
  } catch (cause) {
    return problemOf(cause as NodeJS.ErrnoException);
  }
}

function problemOf({ code = 'unknown error' }: NodeJS.ErrnoException): { fault: string; missing: boolean } {
  if (code === 'ENOENT' || code === 'ENOTDIR') return { fault: 'does not exist', missing: true };
  if (code === 'EACCES' || code === 'EPERM')
    return { fault: 'cannot be read (permission denied)', missing: false };
  return { fault: `cannot be read (${code})`, missing: false };
}

/** Characters that V8 quotes before the place of a fault, when it has to shorten the quotation. */
const CONTEXT = 10;
const QUOTATION = /, (?<cut>\.\.\.)?"(?<part>[^]*?)"(?:\.\.\.)? is not valid JSON$/;

/**
 * What is wrong with a text that is not JSON, and near which line. The engine's own message quotes the text around
 * the fault; that is left out, because a password may stand there.
 */
export function jsonFault(cause: unknown, text: string): string {
  const message = messageOf(cause);
  const quotation = QUOTATION.exec(message);
  const position = /at position (\d+)/.exec(message)?.[1];
  const reason = message
    .replace(QUOTATION, '')
    .replace(/ (in JSON )?at position.*$/, '')
    .replace(/^"[^]*" is not valid JSON$/, 'no JSON value found');
  const { part, cut } = quotation?.groups ?? {};
  const quoted = part === undefined ? text.length : text.indexOf(part) + (cut ? CONTEXT : 0);
  const index = position === undefined ? quoted : Number(position);
  const line = text.slice(0, Math.max(0, index)).split('\n').length;
  return text.includes('\n') ? `${reason}, near line ${line}` : reason;
}
