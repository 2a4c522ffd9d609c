import { type KeyObject, sign } from 'node:crypto';
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { RECEIPT_ALGORITHM, ReceiptKeys, type SigningKey } from './receipt-keys.service.js';
import type { ForecastReceiptEntity } from './receipt.entity.js';
import { type ChainEnd, type LinkedReceipt, ReceiptRepository } from './receipt.repository.js';
import { hashOfSigned, linkedText } from './receipt-text.js';

/** Receipts of one transaction. They are signed before it begins. */
const BATCH = 100;
/** Signatures between two turns of the event loop: 1 ms. */
const SIGNED_TOGETHER = 20;

/**
 * Gives drafts their place in the chain and signs them: every `receipt_seconds`, and when somebody wants to see one. Any
 * number of processes may do so: the end of the chain is moved by a conditional change, and whoever comes second begins anew.
 */
@Injectable()
export class LinkReceipts extends PeriodicService {
  #underWay: Promise<number> | null = null;

  constructor(
    private readonly receipts: ReceiptRepository,
    private readonly keys: ReceiptKeys,
    private readonly transactions: TransactionRunner,
    config: AppConfig,
    clock: Clock,
  ) {
    super(clock, { everyMs: config.receipt_seconds * 1_000 });
  }

  /** Links every draft there is, or what it can until the signal aborts. @returns how many */
  link(signal?: AbortSignal): Promise<number> {
    this.#underWay ??= this.#linkAll(signal).finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  protected turn(signal: AbortSignal): Promise<number> {
    return this.link(signal);
  }

  async #linkAll(signal?: AbortSignal): Promise<number> {
    for (let linked = 0; ;) {
      // The end first: what is a draft after it was read is one as long as the end stays.
      const end = await this.receipts.end();
      const drafts = await this.receipts.drafts(BATCH);
      if (drafts.length === 0) return linked;
      const links = await signedLinks(drafts, end, await this.keys.active());
      const isAdded = await this.transactions.run((tx) => this.receipts.append(tx, end, links));
      if (!isAdded) continue; // another process was faster, and has linked something
      linked += links.length;
      if (signal?.aborted) return linked;
    }
  }
}

/** Drafts as the next receipts behind an end of the chain. */
export async function signedLinks(
  drafts: readonly Pick<ForecastReceiptEntity, 'id' | 'body'>[],
  end: ChainEnd,
  { kid, key }: SigningKey,
): Promise<LinkedReceipt[]> {
  const links: LinkedReceipt[] = [];
  const header = base64url(JSON.stringify({ alg: RECEIPT_ALGORITHM, kid }));
  let { number, hash } = end;
  for (const { id, body: draft } of drafts) {
    number += 1;
    const body = linkedText(draft, number, hash);
    const signature = signed(`${header}.${base64url(body)}`, key);
    hash = hashOfSigned(header, body, signature);
    links.push({ id, body, number, hash, header, signature });
    if (links.length % SIGNED_TOGETHER === 0) await turnOfEventLoop();
  }
  return links;
}

const base64url = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');

/**
 * Of a JWS (RFC 7515, 8037), Ed25519. By node:crypto on this thread: a signature takes 50 µs, and to send it to another one, as
 * libraries for JWS do, another 60.
 */
const signed = (input: string, key: KeyObject): string =>
  sign(null, Buffer.from(input, 'ascii'), key).toString('base64url');
