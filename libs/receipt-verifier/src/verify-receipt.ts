import { createHash, type KeyObject, verify } from 'node:crypto';
import type { ReceiptKeySet } from './read-keys.js';
import { canonical, isMembers, parsed, strictBase64url } from './strict-json.js';

/** A receipt that is what was signed. */
export interface CheckedReceipt {
  readonly number: number;
  /** {@link CheckedReceipt.hash} of the receipt before it in the chain; 64 zeros for the first. */
  readonly previous: string;
  /** SHA-256 of its JWS, hexadecimal. */
  readonly hash: string;
  readonly kid: string;
  readonly source: string;
  readonly id: string;
  readonly issuedAt: string;
}

const VERSION = 1;
const ALGORITHM = 'EdDSA';
const SIGNATURE_BYTES = 64;
const MEMBERS = ['forecast', 'protected', 'receipt', 'signature'];
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Checks a receipt offline: its form byte for byte, the digest of its forecast, and the signature. It shares no code with
 * what signs.
 * @param bytes the file as the service sent it
 * @returns the receipt, or what is wrong with it in one sentence
 */
export function verifyReceipt(bytes: Uint8Array, keys: ReceiptKeySet): CheckedReceipt | string {
  const text = Buffer.from(bytes).toString('utf8');
  const file = parsed(text);
  if (!isMembers(file)) return 'it is no JSON object';
  if (Object.keys(file).join() !== MEMBERS.join())
    return `its members are not ${MEMBERS.join(', ')}, in this order`;
  const { forecast, protected: header, receipt, signature } = file;
  if (!isMembers(receipt) || !isMembers(forecast)) return 'receipt and forecast must be objects';
  const outputText = canonical(forecast);
  const payload = canonical(receipt);
  const whole = `{"forecast":${outputText},"protected":${JSON.stringify(header)},"receipt":${payload},"signature":${JSON.stringify(signature)}}`;
  if (!Buffer.from(whole, 'utf8').equals(bytes))
    return 'it is not in canonical form (RFC 8785): a byte differs from what the service sent';
  if (sha256(outputText) !== receipt['output_sha256'])
    return 'the forecast is not the one whose digest was signed';
  const signer = verifySignature({ header, payload, signature }, keys);
  if ('fault' in signer) return signer.fault;
  return statements(receipt, signer.kid, sha256(signer.jws));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The parts of a JWS whose payload is known. */
interface SignedText {
  readonly header: unknown;
  /** As it was signed, not in base64url. */
  readonly payload: string;
  readonly signature: unknown;
}

/** Checks an Ed25519 JWS over a text. @returns the key's id and the compact form, or what is wrong in one sentence */
export function verifySignature(
  { header, payload, signature }: SignedText,
  keys: ReceiptKeySet,
): { readonly kid: string; readonly jws: string } | { readonly fault: string } {
  const signer = signerOf(header, keys);
  if ('fault' in signer) return { fault: signer.fault };
  const signed = strictBase64url(signature);
  if (signed?.length !== SIGNATURE_BYTES) return { fault: 'the signature is not 64 bytes in base64url' };
  const input = `${String(header)}.${Buffer.from(payload, 'utf8').toString('base64url')}`;
  if (!verify(null, Buffer.from(input, 'ascii'), signer.key, signed))
    return { fault: 'the signature does not fit' };
  return { kid: signer.kid, jws: `${input}.${String(signature)}` };
}

function signerOf(
  header: unknown,
  keys: ReceiptKeySet,
): { readonly fault: string } | { readonly kid: string; readonly key: KeyObject } {
  const bytes = strictBase64url(header);
  const stated = bytes === null ? undefined : parsed(bytes.toString('utf8'));
  if (!isMembers(stated)) return { fault: 'the protected header is no JSON object in base64url' };
  const { alg, kid } = stated;
  if (alg !== ALGORITHM) return { fault: `the algorithm is ${JSON.stringify(alg)}, not "${ALGORITHM}"` };
  const key = typeof kid === 'string' ? keys.get(kid) : undefined;
  if (key === undefined)
    return {
      fault: `the key ${JSON.stringify(kid)} is not among those that were given (${[...keys.keys()].join(', ') || 'none'})`,
    };
  return { kid: String(kid), key };
}

/** What a verified receipt says, in a form that can be relied on. */
function statements(
  receipt: Readonly<Record<string, unknown>>,
  kid: string,
  hash: string,
): CheckedReceipt | string {
  const { version, number, previous, source, id, issued_at: issuedAt } = receipt;
  if (version !== VERSION) return `its version is ${JSON.stringify(version)}; this program knows ${VERSION}`;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1)
    return 'its number is no place in a chain';
  if (typeof previous !== 'string' || !DIGEST.test(previous)) return 'previous is no SHA-256';
  if (typeof source !== 'string' || typeof id !== 'string' || typeof issuedAt !== 'string')
    return 'source, id and issued_at must be texts';
  return { number, previous, hash, kid, source, id, issuedAt };
}
