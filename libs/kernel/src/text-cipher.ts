import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const [NONCE_BYTES, TAG_BYTES] = [12, 16];

/** The service's secret keys: the present one, with which everything is made, and others that are still accepted. */
export type SecretKeys = readonly [string, ...string[]];

/** What became of a text when it was to be under the present key. */
export type Renewed =
  { readonly state: 'current' | 'unreadable' } | { readonly state: 'renewed'; readonly text: string };

/** Sixteen digits of a digest. Secrets are random, so that nobody finds one by its name. */
export const nameOfSecret = (secret: string): string =>
  createHash('sha256').update(`secret_key of a backup\n${secret}`).digest('hex').slice(0, 16);

const derivedKeys = ([current, ...others]: SecretKeys, purpose: string): readonly [Buffer, ...Buffer[]] => [
  derivedKey(current, purpose),
  ...others.map((one) => derivedKey(one, purpose)),
];
const derivedKey = (secretKey: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secretKey, '', purpose, 32));

/**
 * Hides texts that must be read again, such as secrets that the service signs with, from whoever sees the database.
 * Each purpose has keys of its own, derived from the service's secret keys. A column that holds such texts is declared
 * with `hiddenColumn(purpose)`, so that a change of the secret key finds it.
 */
export class TextCipher {
  readonly #keys: readonly [Buffer, ...Buffer[]];

  constructor(secretKeys: SecretKeys, purpose: string) {
    this.#keys = derivedKeys(secretKeys, purpose);
  }

  encrypt(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#keys[0], nonce);
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64');
  }

  /** Null when the text was encrypted under none of the secret keys. */
  decrypt(text: string): string | null {
    return this.#read(text)?.plain ?? null;
  }

  /** The same text under the present key, unless it is already. */
  renew(text: string): Renewed {
    const read = this.#read(text);
    if (read === null) return { state: 'unreadable' };
    return read.isCurrent ? { state: 'current' } : { state: 'renewed', text: this.encrypt(read.plain) };
  }

  #read(text: string): { readonly plain: string; readonly isCurrent: boolean } | null {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    for (const key of this.#keys) {
      const plain = decipher(key, bytes);
      if (plain !== null) return { plain, isCurrent: key === this.#keys[0] };
    }
    return null;
  }
}

function decipher(key: Buffer, bytes: Buffer): string | null {
  const opened = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES));
  opened.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const start = opened.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([start, opened.final()]).toString('utf8');
  } catch {
    return null;
  }
}

/** Digests that say nothing about a guessable text, such as a body with a password, without the secret key. */
export class KeyedDigest {
  readonly #keys: readonly [Buffer, ...Buffer[]];

  constructor(secretKeys: SecretKeys, purpose: string) {
    this.#keys = derivedKeys(secretKeys, purpose);
  }

  /** 64 hexadecimal digits. */
  of(text: string): string {
    return digestOf(this.#keys[0], text);
  }

  /** Those of the other keys, which digests of before may be. */
  formerOf(text: string): readonly string[] {
    return this.#keys.slice(1).map((key) => digestOf(key, text));
  }
}

const digestOf = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('hex');
