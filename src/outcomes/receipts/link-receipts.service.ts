import { Injectable } from '@nestjs/common';
import { FlattenedSign } from 'jose';
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
  let { number, hash } = end;
  for (const { id, body: draft } of drafts) {
    number += 1;
    const body = linkedText(draft, number, hash);
    const { protected: header = '', signature } = await new FlattenedSign(Buffer.from(body, 'utf8'))
      .setProtectedHeader({ alg: RECEIPT_ALGORITHM, kid })
      .sign(key);
    hash = hashOfSigned(header, body, signature);
    links.push({ id, body, number, hash, header, signature });
  }
  return links;
}
