import { appendFile, readFile } from 'node:fs/promises';
import type { AppConfig } from '#libs/config';
import { type Anchor, type Database, SealStore } from '#libs/database';
import { AppError, messageOf } from '#libs/kernel';
import { readKeys, type ReceiptKeySet, verifySignature } from '#libs/receipt-verifier';
import { ReceiptRepository } from '../outcomes/receipts/receipt.repository.js';

/** The tables whose rows are sealed. */
export const CHAINS = [
  { chain: 'audit', rows: 'api_logs', seals: 'audit_seals' },
  { chain: 'ledger', rows: 'transactions', seals: 'ledger_seals' },
] as const;

/** How far the chains of the audit log, of the ledger and of receipts have come; a chain without links is left out. */
export async function currentAnchors(database: Database, now: Date): Promise<Anchor[]> {
  const anchors: Anchor[] = [];
  for (const table of CHAINS) {
    const head = await new SealStore(database, table).head();
    if (head !== null && head.links > 0)
      anchors.push({ chain: table.chain, rows: head.rowCount, hash: head.hash, at: now.toISOString() });
  }
  const { number, hash } = await new ReceiptRepository(database).end();
  if (number > 0) anchors.push({ chain: 'receipts', rows: number, hash, at: now.toISOString() });
  return anchors;
}

/** An anchor as it is written down; the service signs it, the command `audit anchor` does not. */
export type WrittenAnchor = Anchor & {
  /** Compact JWS (EdDSA over Ed25519) of {@link anchorText}. */
  readonly signature?: string;
};

/** What is signed: canonical JSON (RFC 8785). */
export const anchorText = ({ chain, rows, hash, at }: Anchor): string =>
  JSON.stringify({ at, chain, hash, rows });

const isUrl = (place: string): boolean => /^https?:\/\//.test(place);
/** How long whoever keeps anchors may take. */
const KEEPER_MS = 10_000;

/**
 * Adds lines to a file of anchors, or posts them to the one who keeps them (NDJSON); a file that is missing is made, for its owner only.
 * @throws Error when they were not taken
 */
export async function addAnchors(place: string, anchors: readonly WrittenAnchor[]): Promise<void> {
  const lines = anchors.map((anchor) => `${JSON.stringify(anchor)}\n`).join('');
  if (!isUrl(place)) return appendFile(place, lines, { mode: 0o600 });
  const { ok, status } = await fetch(place, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines,
    redirect: 'error',
    signal: AbortSignal.timeout(KEEPER_MS),
  });
  if (!ok) throw new Error(`audit_anchor: ${shownPlace(place)} answered ${status}`);
}

/** A path or a query of a URL may hold a secret. */
const shownPlace = (place: string): string => (isUrl(place) ? new URL(place).origin : place);

async function textAt(place: string): Promise<string> {
  if (!isUrl(place)) return readFile(place, 'utf8');
  const answer = await fetch(place, { redirect: 'error', signal: AbortSignal.timeout(KEEPER_MS) });
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  return answer.text();
}

/** What the settings say of anchors: where they are, and the public keys that they must be signed with. */
type AnchorSettings = Pick<AppConfig, 'audit_anchor' | 'audit_anchor_keys'>;

/**
 * The anchors in a file or at a URL, none if no place is configured.
 * @throws AppError `bad_request` when they cannot be read, a line is no anchor or, with `audit_anchor_keys`, is not signed
 * with one of those keys
 */
export async function readAnchors({ audit_anchor, audit_anchor_keys }: AnchorSettings): Promise<Anchor[]> {
  if (audit_anchor === null) return [];
  const place = shownPlace(audit_anchor);
  const keys = audit_anchor_keys === null ? null : await keysAt(audit_anchor_keys);
  const text = await textAt(audit_anchor).catch((error: unknown) => {
    throw new AppError('bad_request', `audit_anchor: ${place} cannot be read: ${messageOf(error)}`);
  });
  return text
    .split('\n')
    .map((line, at) => ({ line: line.trim(), at: at + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, at }) => anchorOf(line, `${place}, line ${at}`, keys));
}

async function keysAt(path: string): Promise<ReceiptKeySet> {
  try {
    return readKeys(await readFile(path, 'utf8'));
  } catch (error) {
    throw new AppError(
      'bad_request',
      `audit_anchor_keys: ${path} cannot be read: ${messageOf(error)}; it is a copy of /.well-known/jwks.json`,
    );
  }
}

function anchorOf(line: string, place: string, keys: ReceiptKeySet | null): Anchor {
  const anchor = parsedAnchor(line);
  if (anchor === null)
    throw new AppError(
      'bad_request',
      `audit_anchor: ${place} is no anchor; a line looks like {"chain":"audit","rows":1,"hash":"…","at":"…"}`,
    );
  const { signature, ...stated } = anchor;
  const fault = keys === null ? null : signatureFault(stated, signature, keys);
  if (fault !== null) throw new AppError('bad_request', `audit_anchor: ${place} ${fault}`);
  return stated;
}

function parsedAnchor(line: string): WrittenAnchor | null {
  try {
    const { chain, rows, hash, at, signature } = JSON.parse(line) as Partial<WrittenAnchor>;
    const isAnchor =
      typeof chain === 'string' &&
      typeof hash === 'string' &&
      typeof at === 'string' &&
      Number.isSafeInteger(rows);
    if (!isAnchor) return null;
    return { chain, rows: rows as number, hash, at, ...(typeof signature === 'string' && { signature }) };
  } catch {
    return null; // no JSON is no anchor either
  }
}

/** With code that shares nothing with what signs. */
function signatureFault(anchor: Anchor, signature: string | undefined, keys: ReceiptKeySet): string | null {
  if (signature === undefined) return 'is not signed';
  const payload = anchorText(anchor);
  const [header, stated, mark, ...more] = signature.split('.');
  if (more.length > 0 || stated !== Buffer.from(payload).toString('base64url'))
    return 'is signed for another anchor';
  const verdict = verifySignature({ header, payload, signature: mark }, keys);
  return 'fault' in verdict ? `has a false signature: ${verdict.fault}` : null;
}
