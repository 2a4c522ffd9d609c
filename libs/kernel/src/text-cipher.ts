import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const [NONCE_BYTES, TAG_BYTES] = [12, 16];

const derivedKey = (secretKey: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secretKey, '', purpose, 32));

/**
 * Hides texts that must be read again, such as secrets that the service signs with, from whoever sees the database.
 * Each purpose has a key of its own, derived from the service's secret key.
 */
export class TextCipher {
  readonly #key: Buffer;

  constructor(secretKey: string, purpose: string) {
    this.#key = derivedKey(secretKey, purpose);
  }

  encrypt(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64');
  }

  /** Null when the text was encrypted under another secret key. */
  decrypt(text: string): string | null {
    const bytes = Buffer.from(text, 'base64');
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const start = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
    try {
      return Buffer.concat([start, decipher.final()]).toString('utf8');
    } catch {
      return null;
    }
  }
}

/** Digests that say nothing about a guessable text, such as a body with a password, without the secret key. */
export class KeyedDigest {
  readonly #key: Buffer;

  constructor(secretKey: string, purpose: string) {
    this.#key = derivedKey(secretKey, purpose);
  }

  /** 64 hexadecimal digits. */
  of(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex');
  }
}
