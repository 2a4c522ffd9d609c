import { Injectable } from '@nestjs/common';
import { assertPresent } from '#libs/kernel';
import { OutcomesRepository } from '../outcomes.repository.js';
import type { ForecastReceipts, ForecastSource } from '../outcomes.port.js';
import { LinkReceipts } from './link-receipts.service.js';
import type { ForecastReceiptEntity } from './receipt.entity.js';
import { ReceiptRepository } from './receipt.repository.js';
import { receiptFile } from './receipt-text.js';

/** Turns of the linker that are waited for: the one under way may have begun before the draft was there. */
const TURNS = 2;
/** Receipts that are read at a time. */
const PAGE = 200;

/** Receipts as they are given away. */
@Injectable()
export class ReadReceipts implements ForecastReceipts {
  constructor(
    private readonly receipts: ReceiptRepository,
    private readonly outcomes: OutcomesRepository,
    private readonly linking: LinkReceipts,
  ) {}

  async of(source: ForecastSource, subjectId: string): Promise<string | null> {
    const draft = await this.receipts.find(source, subjectId);
    return draft === null ? null : this.#file(await this.#linked(draft));
  }

  /** Every linked receipt in the order of the chain. */
  async *all(): AsyncGenerator<{ readonly number: number; readonly text: string }> {
    for (let last = 0; ;) {
      const page = await this.receipts.linkedAfter(last, PAGE);
      for (const row of page) {
        last = row.number ?? last;
        yield { number: last, text: await this.#file(row) };
      }
      if (page.length < PAGE) return;
    }
  }

  async #linked(draft: ForecastReceiptEntity): Promise<ForecastReceiptEntity> {
    let row = draft;
    for (let turn = 0; turn < TURNS && row.number === null; turn += 1) {
      await this.linking.link();
      row = assertPresent(
        await this.receipts.find(draft.source, draft.subjectId),
        'a receipt is never deleted',
      );
    }
    return row;
  }

  async #file({ source, subjectId, header, body, signature }: ForecastReceiptEntity): Promise<string> {
    const pin = assertPresent(await this.outcomes.pinOf(source, subjectId), 'a receipt has its pin');
    const signed = {
      body,
      header: assertPresent(header, 'a linked receipt is signed'),
      signature: assertPresent(signature, 'a linked receipt is signed'),
    };
    return receiptFile(signed, pin);
  }
}
