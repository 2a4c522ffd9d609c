import { Injectable, Optional } from '@nestjs/common';
import { type Anchor, countRows, Database, placeholders, runSql } from '#libs/database';
import {
  type BillableOrder,
  BillableOrders,
  type BillingVerdict,
  type BillingVerifier,
  type BillingViolation,
} from './billing.port.js';
import { BILLING_RULES, violationOf } from './billing-rules.js';
import type { StoredHold } from './quote.repository.js';
import { LedgerSealRepository, verifyLedgerSeals } from './seal-ledger.service.js';

/** What the ledger says of an order. */
type MoneyState = StoredHold['state'];

const STATE = `CASE (SELECT MIN(t.transaction_type) FROM transactions t WHERE t.prediction_id = q.prediction_id
    AND t.transaction_type IN ('capture', 'void')) WHEN 'capture' THEN 'captured' WHEN 'void' THEN 'voided' ELSE 'held' END`;

/** Statements of the verifier, which runs all of them in one snapshot. */
@Injectable()
export class BillingChecks {
  constructor(private readonly database: Database) {}

  /** What the rules find, at most `limit` of each. */
  async violations(limit: number): Promise<BillingViolation[]> {
    const found: BillingViolation[] = [];
    for (const rule of BILLING_RULES) {
      const rows = await runSql<Record<string, string | number | null>>(
        this.database.read,
        `${rule.sql} LIMIT ?`,
        [limit],
      );
      found.push(...rows.map((row) => violationOf(rule, row)));
    }
    return found;
  }

  countTransactions(): Promise<number> {
    return countRows(this.database.read, 'transactions');
  }

  /** What the ledger says of these orders; those that it does not know are left out. */
  async statesOf(orderIds: readonly string[]): Promise<ReadonlyMap<string, MoneyState>> {
    if (orderIds.length === 0) return new Map();
    const rows = await runSql<{ prediction_id: string; state: MoneyState }>(
      this.database.read,
      `SELECT q.prediction_id, ${STATE} AS state FROM quotes q
       WHERE q.revision = 0 AND q.prediction_id IN (${placeholders(orderIds.length)})`,
      orderIds,
    );
    return new Map(rows.map(({ prediction_id, state }) => [prediction_id, state]));
  }

  countOrders(): Promise<number> {
    return countRows(this.database.read, 'quotes WHERE revision = 0');
  }

  /** Ids of the orders that the ledger knows, as the database sorts them. */
  async ordersAfter(afterOrderId: string | null, limit: number): Promise<string[]> {
    const rows = await runSql<{ prediction_id: string }>(
      this.database.read,
      `SELECT prediction_id FROM quotes WHERE revision = 0 AND prediction_id > ?
       ORDER BY prediction_id LIMIT ?`,
      [afterOrderId ?? '', limit],
    );
    return rows.map((row) => row.prediction_id);
  }
}

const PAGE = 500;
/** Of each kind; more would tell nothing more. */
const MAX_VIOLATIONS = 1_000;

const EXPECTED: Readonly<Record<BillableOrder['state'], MoneyState>> = {
  open: 'held',
  completed: 'captured',
  ended: 'voided',
};

type WorkVerdict = Pick<BillingVerdict, 'work' | 'orders' | 'violations'>;

/** Proves from the tables alone that the money adds up, and that it fits the work. */
@Injectable()
export class VerifyBilling implements BillingVerifier {
  constructor(
    private readonly database: Database,
    private readonly checks: BillingChecks,
    private readonly seals: LedgerSealRepository,
    @Optional() private readonly marketplace?: BillableOrders,
  ) {}

  verify(
    orders: BillableOrders | undefined = this.marketplace,
    anchors: readonly Anchor[] = [],
  ): Promise<BillingVerdict> {
    return this.database.inSnapshot(async () => {
      const violations = await this.checks.violations(MAX_VIOLATIONS);
      const { faults, notes, sealedRows } = await verifyLedgerSeals(this.seals, anchors);
      violations.push(...faults.map((detail) => ({ rule: 'ledger_altered', detail })));
      const work = orders === undefined ? await this.#unknown() : await this.#orders(orders);
      return {
        ...work,
        transactions: await this.checks.countTransactions(),
        sealed: sealedRows,
        notes,
        violations: [...violations, ...work.violations].slice(0, MAX_VIOLATIONS),
      };
    });
  }

  async #unknown(): Promise<WorkVerdict> {
    return { work: 'unknown', orders: await this.checks.countOrders(), violations: [] };
  }

  /**
   * An open order has its hold, a completed one was paid, an ended one got everything back; no other money is there.
   */
  async #orders(orders: BillableOrders): Promise<WorkVerdict> {
    const violations: BillingViolation[] = [];
    let [seen, known] = [0, 0];
    for await (const page of pagesOf((after) => orders.list(after, PAGE), orderIdOf)) {
      const states = await this.checks.statesOf(page.map(orderIdOf));
      violations.push(...page.flatMap((order) => mismatch(order, states.get(order.orderId))));
      seen += page.length;
      known += states.size;
    }
    const strays = (await this.checks.countOrders()) === known ? [] : await this.#strays(orders);
    return {
      work: 'compared',
      orders: seen,
      violations: [...violations, ...strays].slice(0, MAX_VIOLATIONS),
    };
  }

  /** Orders of the ledger that the marketplace does not know; looked for only when the numbers differ. */
  async #strays(orders: BillableOrders): Promise<BillingViolation[]> {
    const existing = new Set<string>();
    for await (const page of pagesOf((after) => orders.list(after, PAGE), orderIdOf))
      for (const { orderId } of page) existing.add(orderId);
    const strays: BillingViolation[] = [];
    const ids = pagesOf(
      (after) => this.checks.ordersAfter(after, PAGE),
      (id: string) => id,
    );
    for await (const page of ids) {
      for (const id of page)
        if (!existing.has(id))
          strays.push({
            rule: 'money_without_job',
            detail: `money moved for order ${id}, which does not exist`,
          });
    }
    return strays;
  }
}

const orderIdOf = ({ orderId }: BillableOrder): string => orderId;

function mismatch({ orderId, state }: BillableOrder, money: MoneyState | undefined): BillingViolation[] {
  if (money === EXPECTED[state]) return [];
  return [
    {
      rule: 'money_differs_from_work',
      detail: `order ${orderId} is ${state}; its money is ${money ?? 'not there'} instead of ${EXPECTED[state]}`,
    },
  ];
}

/** Page after page, each behind the key of the last row of the one before. */
async function* pagesOf<Row>(
  read: (after: string | null) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): AsyncGenerator<readonly Row[]> {
  let after: string | null = null;
  for (;;) {
    const page = await read(after);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = keyOf(last);
  }
}
