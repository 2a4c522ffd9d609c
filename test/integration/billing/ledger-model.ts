import type { BillingBench } from './billing-bench.js';

interface ModelCredit {
  readonly expiresAt: number;
  readonly order: number;
  left: number;
  open: boolean;
}

interface ModelClient {
  available: number;
  held: number;
  escrow: number;
  readonly credits: ModelCredit[];
}

export interface ModelOrder {
  readonly id: string;
  readonly client: number;
  total: number;
  state: 'held' | 'captured' | 'voided';
  /** Held of it until the score; null when nothing is, or no more. */
  staked?: { readonly provider: number; readonly amount: number } | null;
  readonly taken: Map<ModelCredit, number>;
}

/** What the ledger should say, in the plainest words: a few numbers a user. */
export class LedgerModel {
  readonly clients = new Map<number, ModelClient>();
  readonly earned = new Map<number, number>();
  readonly orders: ModelOrder[] = [];
  #order = 0;

  constructor(
    readonly limit: number,
    readonly now: () => number,
  ) {}

  client(id: number): ModelClient {
    const known = this.clients.get(id) ?? { available: 0, held: 0, escrow: 0, credits: [] };
    this.clients.set(id, known);
    return known;
  }

  /** What is left once expired credits are gone. */
  spendable(id: number): number {
    const { available, credits } = this.client(id);
    const gone = credits.filter((one) => one.open && one.expiresAt <= this.now());
    return available - gone.reduce((sum, one) => sum + one.left, 0) + this.limit;
  }

  expire(id: number): void {
    const client = this.client(id);
    for (const credit of client.credits.filter((one) => one.open && one.expiresAt <= this.now())) {
      client.available -= credit.left;
      credit.left = 0;
      credit.open = false;
    }
  }

  grant(id: number, amount: number, expiresAt: number | null): void {
    const client = this.client(id);
    if (expiresAt !== null) {
      const owed = Math.min(amount, Math.max(0, -client.available));
      client.credits.push({ expiresAt, order: (this.#order += 1), left: amount - owed, open: true });
    }
    client.available += amount;
  }

  /** Moves between credits and hold: `amount` below zero gives back. */
  reserve(order: ModelOrder, amount: number): void {
    this.expire(order.client);
    if (amount > 0) this.#take(order, amount);
    else this.#giveBack(order, -amount);
    const client = this.client(order.client);
    client.available -= amount;
    client.held += amount;
  }

  #take(order: ModelOrder, amount: number): void {
    let rest = amount;
    const open = this.client(order.client).credits.filter((one) => one.open);
    for (const credit of open.sort((a, b) => a.expiresAt - b.expiresAt || a.order - b.order)) {
      const used = Math.min(rest, credit.left);
      credit.left -= used;
      rest -= used;
      order.taken.set(credit, (order.taken.get(credit) ?? 0) + used);
    }
  }

  #giveBack(order: ModelOrder, amount: number): void {
    let rest = amount;
    const taken = [...order.taken].filter(([credit]) => credit.open && credit.expiresAt > this.now());
    for (const [credit, used] of taken.sort(([a], [b]) => b.expiresAt - a.expiresAt || b.order - a.order)) {
      const back = Math.min(rest, used);
      credit.left += back;
      rest -= back;
      order.taken.set(credit, used - back);
    }
  }

  capture(order: ModelOrder, shares: readonly (readonly [number, number])[]): void {
    this.client(order.client).held -= order.total;
    order.state = 'captured';
    for (const [owner, amount] of shares) this.earn(owner, amount);
  }

  stake(order: ModelOrder, provider: number, amount: number): void {
    if (amount === 0) return;
    order.staked = { provider, amount };
    this.client(order.client).escrow += amount;
  }

  /** What the provider does not earn goes back to the client. */
  score(order: ModelOrder, earned: number): void {
    const { provider, amount } = order.staked ?? { provider: 0, amount: 0 };
    const client = this.client(order.client);
    client.escrow -= amount;
    client.available += amount - earned;
    this.#giveBack(order, amount - earned);
    this.earn(provider, earned);
    order.staked = null;
  }

  earn(owner: number, amount: number): void {
    this.earned.set(owner, (this.earned.get(owner) ?? 0) + amount);
  }

  void(order: ModelOrder): void {
    const client = this.client(order.client);
    client.held -= order.total;
    client.available += order.total;
    this.#giveBack(order, order.total);
    order.state = 'voided';
  }

  /** The same numbers as {@link actual}. */
  expected(): Record<string, number> {
    return Object.fromEntries([
      ...[...this.clients].flatMap(([id, { held, escrow }]) => [
        [`${id} available`, this.spendable(id) - this.limit],
        [`${id} held`, held],
        [`${id} escrow`, escrow],
      ]),
      ...[...this.earned].map(([id, amount]) => [`${id} earned`, amount]),
    ]);
  }

  async actual(bench: BillingBench): Promise<Record<string, number>> {
    const numbers: [string, number][] = [];
    for (const id of this.clients.keys()) {
      const { available, held } = await bench.balance(id);
      const escrow = await bench.escrow(id);
      numbers.push([`${id} available`, available], [`${id} held`, held], [`${id} escrow`, escrow]);
    }
    for (const id of this.earned.keys()) numbers.push([`${id} earned`, (await bench.balance(id)).earned]);
    return Object.fromEntries(numbers);
  }
}
