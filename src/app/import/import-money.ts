import { type OriginalRow, type Transaction } from '#libs/database';
import { microsOf } from '#libs/kernel';
import { availableOf, earnedOf, PAYMENTS } from '../../billing/ledger.js';
import type { LedgerRepository } from '../../billing/ledger.repository.js';
import type { PriceRepository } from '../../billing/price.repository.js';
import type { UserIds } from './import-accounts.js';
import type { ImportReport } from './import-report.js';
import { holdsZero, momentIn, numberIn, rowFingerprint, textIn } from './original-values.js';

const PRICES = 'provider prices';
const BILLS = 'billing records';
const CURRENCY = /^[A-Z]{3}$/;
const MOST_UNITS = 1_000_000_000;
const MODEL_MAX_LENGTH = 100;
const DESCRIPTION_MAX_LENGTH = 255;

/** An amount in micro-units; null when it is none that the ledger takes. */
function microsIn(value: OriginalRow[string] | undefined): number | null {
  const amount = numberIn(value);
  return amount === null || amount < 0 || amount > MOST_UNITS ? null : microsOf(amount);
}

/** Brings prices in force, and the billing history as opening entries of the ledger. */
export class ImportMoney {
  constructor(
    private readonly prices: PriceRepository,
    private readonly ledger: LedgerRepository,
    private readonly report: ImportReport,
  ) {}

  /** The newest active price of each provider and model, as the original counted them. */
  async takePrices(tx: Transaction, rows: Iterable<OriginalRow>, ids: UserIds, now: Date): Promise<void> {
    this.report.taken(PRICES, 0);
    const newest = new Map<string, OriginalRow>();
    let all = 0;
    for (const row of rows) {
      all += 1;
      if (row['is_active'] === 1) newest.set(JSON.stringify([row['provider_id'], row['model_name']]), row);
    }
    this.report.skipped(PRICES, 'no longer in force', all - newest.size);
    for (const row of newest.values()) {
      const reason = await this.#takePrice(tx, row, ids, now);
      if (reason !== null) this.report.skipped(PRICES, reason);
    }
  }

  async #takePrice(tx: Transaction, row: OriginalRow, ids: UserIds, now: Date): Promise<string | null> {
    const providerId = ids.get(numberIn(row['provider_id']) ?? -1);
    if (providerId === undefined) return 'the provider was not taken';
    const [modelName, currency] = [textIn(row['model_name']), textIn(row['currency'])];
    const priceMicros = microsIn(row['price_per_request']);
    if (modelName === null || modelName.length > MODEL_MAX_LENGTH || holdsZero([modelName]))
      return `the model has no name, or one longer than ${MODEL_MAX_LENGTH} characters or with a zero character`;
    if (priceMicros === null || currency === null || !CURRENCY.test(currency))
      return 'price or currency is not valid';
    const active = (await this.prices.activeFor(modelName)).find((price) => price.providerId === providerId);
    if (active === undefined) {
      await this.prices.replaceActive(tx, { providerId, modelName, priceMicros, currency }, now);
      this.report.taken(PRICES);
      return null;
    }
    if (active.priceMicros !== priceMicros || active.currency !== currency)
      return `the provider has another price for ${modelName} here`;
    this.report.already(PRICES);
    return null;
  }

  /**
   * Each record is what a client paid into and a provider earned: two transactions that leave the client's credits as
   * they were and add to the provider's earnings.
   */
  async takeBills(tx: Transaction, rows: Iterable<OriginalRow>, ids: UserIds, now: Date): Promise<void> {
    this.report.taken(BILLS, 0);
    const known = await this.ledger.openingReferences();
    for (const row of rows) {
      const reference = `original billing record ${textIn(row['id']) ?? ''} ${rowFingerprint(row)}`;
      if (known.has(reference)) {
        this.report.already(BILLS);
        continue;
      }
      const reason = await this.#takeBill(tx, row, { reference, ids, now });
      if (reason !== null) this.report.skipped(BILLS, reason);
    }
  }

  async #takeBill(
    tx: Transaction,
    row: OriginalRow,
    { reference, ids, now }: { reference: string; ids: UserIds; now: Date },
  ): Promise<string | null> {
    const clientId = ids.get(numberIn(row['client_id']) ?? -1);
    const providerId = ids.get(numberIn(row['provider_id']) ?? -1);
    if (clientId === undefined || providerId === undefined) return 'client or provider was not taken';
    const [amount, currency] = [microsIn(row['cost']), textIn(row['currency'])];
    if (amount === null || currency === null || !CURRENCY.test(currency))
      return 'cost or currency is not valid';
    if (amount === 0) return 'the cost is 0';
    const day = momentIn(row['timestamp'])?.toISOString().slice(0, 10) ?? 'an unknown day';
    const text = `Before the move, ${day}: ${textIn(row['description'])?.replaceAll('\0', '') ?? 'prediction'}`;
    const posting = {
      type: 'opening',
      userId: clientId,
      currency,
      amount,
      description: text.slice(0, DESCRIPTION_MAX_LENGTH),
      paymentReference: reference,
    } as const;
    await this.ledger.lockFunds(tx, clientId, currency);
    const client = availableOf(clientId);
    const paid = [
      { account: PAYMENTS, amount: -amount },
      { account: client, amount },
    ];
    const earned = [
      { account: client, amount: -amount },
      { account: earnedOf(providerId), amount },
    ];
    await this.ledger.post(tx, { ...posting, entries: paid }, now);
    await this.ledger.post(tx, { ...posting, entries: earned }, now);
    this.report.taken(BILLS);
    return null;
  }
}
