import { Injectable } from '@nestjs/common';
import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { AppConfig, secretKeysOf } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { AppError, Clock, TextCipher } from '#libs/kernel';
import { RECEIPT_KEYS, type ReceiptKeyEntity } from './receipt.entity.js';
import { ReceiptRepository } from './receipt.repository.js';

/** Of RFC 8037; every library for JWS has it. */
export const RECEIPT_ALGORITHM = 'EdDSA';

/** What receipts are signed with. */
export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** Keys of receipts: one signs, the public parts of all before it stay published. */
@Injectable()
export class ReceiptKeys {
  readonly #cipher: TextCipher;
  #known: SigningKey | null = null;

  constructor(
    private readonly receipts: ReceiptRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.#cipher = new TextCipher(secretKeysOf(config), RECEIPT_KEYS);
  }

  /**
   * The key that signs; the first one is made when it is first needed.
   * @throws AppError `unavailable` (`receipt_key_unreadable`) when it was stored under another secret key
   */
  async active(): Promise<SigningKey> {
    const row = (await this.receipts.activeKey()) ?? (await this.#put(false));
    if (this.#known?.kid === row.kid) return this.#known;
    const text = row.privateKey === null ? null : this.#cipher.decrypt(row.privateKey);
    if (text === null)
      throw new AppError(
        'unavailable',
        'Receipts cannot be signed: their key was stored under another secret_key; set that one again, or make a new key with: prediction-provider receipts rotate',
        { code: 'receipt_key_unreadable' },
      );
    this.#known = {
      kid: row.kid,
      key: createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' }),
    };
    return this.#known;
  }

  /** Makes a key that signs from now on. What older ones signed stays valid. @returns its id */
  async rotate(): Promise<string> {
    return (await this.#put(true)).kid;
  }

  /** The public keys as a JWK Set (RFC 7517), the newest first. */
  async published(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }> {
    return { keys: (await this.receipts.keys()).map(({ publicKey }) => publicKey) };
  }

  async #put(replaces: boolean): Promise<ReceiptKeyEntity> {
    const { publicKey, privateKey } = await generateKeyPair(RECEIPT_ALGORITHM, {
      crv: 'Ed25519',
      extractable: true,
    });
    const shown = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(shown);
    const kept = this.#cipher.encrypt(JSON.stringify(await exportJWK(privateKey)));
    return this.transactions.run(async (tx) => {
      await this.receipts.lockKeys(tx);
      const known = replaces ? null : await this.receipts.activeKey();
      if (known !== null) return known;
      const createdAt = new Date(this.clock.now());
      const key = {
        kid,
        publicKey: { ...shown, use: 'sig', alg: RECEIPT_ALGORITHM, kid },
        privateKey: kept,
        createdAt,
      };
      await this.receipts.putKey(tx, key);
      return { ...key, retiredAt: null };
    });
  }
}
