import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { isMembers, parsed, strictBase64url } from './strict-json.js';

/** Public keys by their thumbprint (RFC 7638). */
export type ReceiptKeySet = ReadonlyMap<string, KeyObject>;

const KEY_BYTES = 32;

/**
 * Reads a JWK Set as `/.well-known/jwks.json` serves it. A key goes by its own thumbprint, whatever it calls itself.
 * @throws Error naming what is wrong
 */
export function readKeys(text: string): ReceiptKeySet {
  const set = parsed(text);
  const keys = isMembers(set) ? set['keys'] : undefined;
  if (!Array.isArray(keys)) throw new Error('no JWK Set: it has the form {"keys": [{"kty": "OKP", …}]}');
  return new Map(
    keys.map((one: unknown, at) => {
      const key = isMembers(one) ? one : {};
      const bytes = strictBase64url(key['x']);
      if (key['kty'] !== 'OKP' || key['crv'] !== 'Ed25519' || bytes?.length !== KEY_BYTES)
        throw new Error(`keys[${at}] is no public key of Ed25519 (kty "OKP", crv "Ed25519", x of 32 bytes)`);
      const x = bytes.toString('base64url');
      const thumbprint = createHash('sha256')
        .update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)
        .digest('base64url');
      if (key['kid'] !== undefined && key['kid'] !== thumbprint)
        throw new Error(
          `keys[${at}] calls itself ${String(key['kid'])}, but its thumbprint is ${thumbprint}`,
        );
      return [thumbprint, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })];
    }),
  );
}
