import { Injectable, type StreamableFile } from '@nestjs/common';
import { type Actor, AppError } from '#libs/kernel';
import { ClientOrders } from '../marketplace/client-orders.port.js';
import { receiptAnswer } from '../outcomes/forecast-receipt.fields.js';
import { type ForecastOutcome, ForecastOutcomes, ForecastReceipts } from '../outcomes/outcomes.port.js';

/** What became of answers to orders, and their receipts, for those who may read the answer. */
@Injectable()
export class ReadOrderEvidence {
  constructor(
    private readonly orders: ClientOrders,
    private readonly outcomes: ForecastOutcomes,
    private readonly receipts: ForecastReceipts,
  ) {}

  /** @throws AppError as `ClientOrders.find`; `forbidden`; `not_found` (`not_pinned`) before the answer */
  async outcome(caller: Actor, orderId: string): Promise<ForecastOutcome> {
    await this.#check(caller, orderId);
    const outcome = await this.outcomes.of('order', orderId);
    if (outcome !== null) return outcome;
    const text = 'This order has no pinned forecast: it has not been answered, or was imported';
    throw new AppError('not_found', text, { code: 'not_pinned' });
  }

  /** @throws AppError as {@link outcome}; `not_found` (`no_receipt`) */
  async receipt(caller: Actor, orderId: string): Promise<StreamableFile> {
    await this.#check(caller, orderId);
    return receiptAnswer(orderId, await this.receipts.of('order', orderId));
  }

  async #check(caller: Actor, orderId: string): Promise<void> {
    const { mayReadResult } = await this.orders.find(caller, orderId);
    if (!mayReadResult) throw new AppError('forbidden', 'Access denied', { code: 'not_owner' });
  }
}
