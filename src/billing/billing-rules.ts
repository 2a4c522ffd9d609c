import type { BillingViolation } from './billing.port.js';

type Cell = string | number | null;

/** One statement that finds what must not be, and the sentence about each row it finds. */
export interface BillingRule {
  readonly rule: string;
  readonly sql: string;
  readonly sentence: (row: Readonly<Record<string, Cell>>) => string;
}

export const violationOf = (
  { rule, sentence }: BillingRule,
  row: Readonly<Record<string, Cell>>,
): BillingViolation => ({ rule, detail: sentence(row) });

/** The quote in force of each order. */
const LATEST = `latest AS (
  SELECT q.* FROM quotes q
  WHERE q.revision = (SELECT MAX(x.revision) FROM quotes x WHERE x.prediction_id = q.prediction_id))`;

/** Every user's credits after each transaction. The funds' lock gives transactions of one account rising ids. */
const RUNNING = `running AS (
  SELECT e.transaction_id, e.owner_id, e.currency, e.amount_micros,
         SUM(e.amount_micros) OVER (PARTITION BY e.owner_id, e.currency ORDER BY e.transaction_id) AS balance
  FROM transaction_entries e WHERE e.kind = 'available')`;

const LEDGER_RULES: readonly BillingRule[] = [
  {
    rule: 'unbalanced_transaction',
    sql: `SELECT transaction_id, currency, SUM(amount_micros) AS amount FROM transaction_entries
          GROUP BY transaction_id, currency HAVING SUM(amount_micros) <> 0`,
    sentence: (row) =>
      `the entries of transaction ${row['transaction_id']} sum to ${row['amount']} ${row['currency']} micro-units, not to 0`,
  },
  {
    rule: 'entry_without_transaction',
    sql: `SELECT e.transaction_id, e.owner_id, e.kind FROM transaction_entries e
          LEFT JOIN transactions t ON t.id = e.transaction_id WHERE t.id IS NULL OR t.currency <> e.currency`,
    sentence: (row) =>
      `the entry of account ${row['owner_id']}/${row['kind']} belongs to no transaction ${row['transaction_id']} of its currency`,
  },
  {
    rule: 'wrong_amount',
    sql: `SELECT t.id, t.amount_micros,
                 COALESCE(SUM(CASE WHEN e.amount_micros > 0 THEN e.amount_micros ELSE 0 END), 0) AS moved
          FROM transactions t LEFT JOIN transaction_entries e ON e.transaction_id = t.id
          GROUP BY t.id, t.amount_micros
          HAVING COALESCE(SUM(CASE WHEN e.amount_micros > 0 THEN e.amount_micros ELSE 0 END), 0) <> ABS(t.amount_micros)`,
    sentence: (row) =>
      `transaction ${row['id']} states ${row['amount_micros']} micro-units and moves ${row['moved']}`,
  },
  {
    rule: 'overdrawn',
    sql: `WITH ${RUNNING}
          SELECT r.transaction_id, r.owner_id, r.currency, r.balance, t.credit_limit_micros
          FROM running r JOIN transactions t ON t.id = r.transaction_id
          WHERE r.amount_micros < 0 AND t.transaction_type IN ('hold', 'adjustment')
            AND (t.credit_limit_micros IS NULL OR r.balance < -t.credit_limit_micros)`,
    sentence: (row) =>
      `transaction ${row['transaction_id']} left user ${row['owner_id']} with ${row['balance']} ${row['currency']} micro-units; the limit was ${row['credit_limit_micros']}`,
  },
  {
    rule: 'negative_account',
    sql: `SELECT owner_id, kind, currency, SUM(amount_micros) AS balance FROM transaction_entries
          WHERE kind IN ('held', 'escrow', 'earned', 'fees') GROUP BY owner_id, kind, currency HAVING SUM(amount_micros) < 0`,
    sentence: (row) =>
      `account ${row['owner_id']}/${row['kind']} holds ${row['balance']} ${row['currency']} micro-units`,
  },
  {
    rule: 'wrong_snapshot',
    sql: `WITH ${RUNNING}
          SELECT s.owner_id, s.currency, s.through_id, s.balance_micros, r.balance
          FROM balance_snapshots s LEFT JOIN running r
            ON r.owner_id = s.owner_id AND r.currency = s.currency AND r.transaction_id = s.through_id
          WHERE s.kind <> 'available' OR r.balance IS NULL OR r.balance <> s.balance_micros`,
    sentence: (row) =>
      `the kept balance of user ${row['owner_id']} through transaction ${row['through_id']} is ${row['balance_micros']}; its entries sum to ${row['balance']}`,
  },
];

const ORDER_RULES: readonly BillingRule[] = [
  {
    rule: 'wrong_hold',
    sql: `WITH ${LATEST},
          held AS (
            SELECT t.prediction_id, SUM(e.amount_micros) AS amount
            FROM transactions t JOIN transaction_entries e
              ON e.transaction_id = t.id AND e.kind = 'held' AND e.owner_id = t.user_id
            WHERE t.prediction_id IS NOT NULL GROUP BY t.prediction_id),
          due AS (
            SELECT l.prediction_id, CASE WHEN EXISTS (
              SELECT 1 FROM transactions s WHERE s.prediction_id = l.prediction_id
              AND s.transaction_type IN ('capture', 'void')) THEN 0 ELSE l.total_micros END AS expected
            FROM latest l)
          SELECT d.prediction_id, d.expected, COALESCE(h.amount, 0) AS amount
          FROM due d LEFT JOIN held h ON h.prediction_id = d.prediction_id
          WHERE d.expected <> COALESCE(h.amount, 0)`,
    sentence: (row) =>
      `order ${row['prediction_id']} should hold ${row['expected']} micro-units and holds ${row['amount']}`,
  },
  {
    rule: 'settled_twice',
    sql: `SELECT prediction_id, COUNT(*) AS times FROM transactions
          WHERE transaction_type IN ('capture', 'void') GROUP BY prediction_id HAVING COUNT(*) > 1`,
    sentence: (row) => `order ${row['prediction_id']} was settled ${row['times']} times`,
  },
  {
    rule: 'transaction_without_quote',
    // `+ 0`: SQLite would go through all quotes of the client for each of its transactions
    sql: `SELECT t.id, t.prediction_id FROM transactions t
          WHERE t.prediction_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM quotes q WHERE q.prediction_id = t.prediction_id AND q.client_id + 0 = t.user_id)`,
    sentence: (row) => `transaction ${row['id']} is for order ${row['prediction_id']}, which has no quote`,
  },
  {
    rule: 'capture_without_record',
    sql: `SELECT t.id, t.prediction_id FROM transactions t
          LEFT JOIN billing_records r ON r.prediction_id = t.prediction_id
          WHERE t.transaction_type = 'capture' AND (r.id IS NULL OR r.transaction_id <> t.id)`,
    sentence: (row) =>
      `order ${row['prediction_id']} was paid by transaction ${row['id']} and has no billing record`,
  },
  {
    rule: 'wrong_billing_record',
    sql: `WITH ${LATEST}
          SELECT r.id, r.prediction_id FROM billing_records r
          LEFT JOIN transactions t ON t.id = r.transaction_id AND t.transaction_type = 'capture'
          LEFT JOIN latest l ON l.prediction_id = r.prediction_id
          LEFT JOIN score_holds h ON h.prediction_id = r.prediction_id
          WHERE t.id IS NULL OR l.id IS NULL OR t.amount_micros <> l.total_micros
             OR l.total_micros <> r.cost_micros + COALESCE(h.held_micros, 0)
             OR l.client_id <> r.client_id OR l.provider_id <> r.provider_id OR l.currency <> r.currency
             OR l.evaluator_micros <> r.evaluator_micros OR r.bonus_micros < 0
             OR r.bonus_micros * 10 > r.evaluator_micros OR r.provider_micros < 0 OR r.platform_micros < 0
             OR r.evaluator_micros + r.bonus_micros + r.provider_micros + r.platform_micros <> r.cost_micros`,
    sentence: (row) =>
      `billing record ${row['id']} does not say what order ${row['prediction_id']} was quoted and paid`,
  },
  {
    rule: 'wrong_share',
    sql: `WITH due AS (
            SELECT id, transaction_id, evaluator_id AS owner_id, 'earned' AS kind, evaluator_micros + bonus_micros
              + CASE WHEN evaluator_id = provider_id THEN provider_micros ELSE 0 END AS amount FROM billing_records
            UNION ALL
            SELECT id, transaction_id, provider_id, 'earned', provider_micros FROM billing_records
            WHERE evaluator_id <> provider_id
            UNION ALL
            SELECT id, transaction_id, 0, 'fees', platform_micros FROM billing_records)
          SELECT d.id, d.owner_id, d.kind, d.amount, COALESCE(e.amount_micros, 0) AS moved
          FROM due d LEFT JOIN transaction_entries e
            ON e.transaction_id = d.transaction_id AND e.owner_id = d.owner_id AND e.kind = d.kind
          WHERE d.amount <> COALESCE(e.amount_micros, 0)`,
    sentence: (row) =>
      `billing record ${row['id']} gives ${row['amount']} micro-units to ${row['owner_id']}/${row['kind']}; the ledger moved ${row['moved']}`,
  },
];

/** What is held until a forecast is scored, and what was paid of it. */
const SCORE_RULES: readonly BillingRule[] = [
  {
    rule: 'wrong_score_hold',
    sql: `WITH escrow AS (
            SELECT t.prediction_id, SUM(e.amount_micros) AS amount
            FROM transactions t JOIN transaction_entries e
              ON e.transaction_id = t.id AND e.kind = 'escrow' AND e.owner_id = t.user_id
            WHERE t.prediction_id IS NOT NULL GROUP BY t.prediction_id),
          due AS (
            SELECT prediction_id, client_id, CASE WHEN settled_at IS NULL THEN COALESCE(held_micros, 0) ELSE 0 END AS expected
            FROM score_holds
            UNION ALL
            SELECT prediction_id, 0, 0 FROM escrow
            WHERE prediction_id NOT IN (SELECT prediction_id FROM score_holds WHERE held_micros IS NOT NULL))
          SELECT d.prediction_id, d.expected, COALESCE(x.amount, 0) AS amount
          FROM due d LEFT JOIN escrow x ON x.prediction_id = d.prediction_id
          WHERE d.expected <> COALESCE(x.amount, 0)`,
    sentence: (row) =>
      `order ${row['prediction_id']} should hold ${row['expected']} micro-units until its score and holds ${row['amount']}`,
  },
  {
    rule: 'wrong_score_terms',
    sql: `SELECT h.prediction_id, h.held_micros FROM score_holds h
          LEFT JOIN billing_records r ON r.prediction_id = h.prediction_id
          LEFT JOIN quotes q ON q.prediction_id = h.prediction_id AND q.revision = 0
          WHERE q.id IS NULL OR q.client_id <> h.client_id OR q.provider_id <> h.provider_id OR q.currency <> h.currency
             OR (h.held_micros IS NULL) <> (h.held_at IS NULL)
             OR (h.held_micros IS NOT NULL AND (r.id IS NULL
               OR h.held_micros <> (r.provider_micros + h.held_micros) * h.score_share / 1000000))`,
    sentence: (row) =>
      `what is held of order ${row['prediction_id']} (${row['held_micros']} micro-units) is not what it was agreed to be`,
  },
  {
    rule: 'wrong_score_payment',
    sql: `SELECT h.prediction_id, h.held_micros, h.earned_micros, h.returned_micros FROM score_holds h
          LEFT JOIN transactions t ON t.prediction_id = h.prediction_id AND t.transaction_type = 'score'
          LEFT JOIN transaction_entries p
            ON p.transaction_id = t.id AND p.owner_id = h.provider_id AND p.kind = 'earned'
          LEFT JOIN transaction_entries c
            ON c.transaction_id = t.id AND c.owner_id = h.client_id AND c.kind = 'available'
          WHERE (h.settled_at IS NULL) <> (t.id IS NULL) OR (h.settled_at IS NULL) <> (h.state IN ('agreed', 'held'))
             OR (h.settled_at IS NOT NULL AND (h.held_micros IS NULL OR h.fraction IS NULL
               OR t.amount_micros <> h.held_micros OR h.earned_micros < 0 OR h.returned_micros < 0
               OR h.earned_micros + h.returned_micros <> h.held_micros
               OR h.earned_micros <> COALESCE(p.amount_micros, 0) OR h.returned_micros <> COALESCE(c.amount_micros, 0)
               OR h.fraction * h.held_micros < h.earned_micros OR h.fraction * h.held_micros >= h.earned_micros + 1
               OR (h.state = 'unresolvable' AND h.earned_micros <> 0)))`,
    sentence: (row) =>
      `of the ${row['held_micros']} micro-units held of order ${row['prediction_id']} the score gave ${row['earned_micros']} to the provider and ${row['returned_micros']} back; the ledger says something else`,
  },
];

const OTHER_RULES: readonly BillingRule[] = [
  {
    rule: 'wrong_credit',
    sql: `SELECT t.id FROM transactions t LEFT JOIN credits c ON c.source_transaction_id = t.id
          WHERE t.transaction_type = 'credit' AND (c.id IS NULL OR c.amount_micros <> t.amount_micros
            OR c.user_id <> t.user_id OR c.currency <> t.currency)`,
    sentence: (row) => `transaction ${row['id']} gave credits that are not on record as it gave them`,
  },
  {
    rule: 'wrong_credit_use',
    sql: `WITH uses AS (
            SELECT u.credit_id, u.transaction_id, u.used_after_micros,
                   SUM(u.amount_micros) OVER (PARTITION BY u.credit_id ORDER BY u.transaction_id) AS used
            FROM credit_uses u)
          SELECT u.credit_id, u.transaction_id, u.used FROM uses u JOIN credits c ON c.id = u.credit_id
          WHERE u.used <> u.used_after_micros OR u.used < 0 OR u.used > c.amount_micros`,
    sentence: (row) =>
      `credit ${row['credit_id']} is used by ${row['used']} micro-units after transaction ${row['transaction_id']}`,
  },
  {
    rule: 'several_active_prices',
    sql: `SELECT provider_id, model_name, COUNT(*) AS prices FROM provider_pricing WHERE is_active
          GROUP BY provider_id, model_name HAVING COUNT(*) > 1`,
    sentence: (row) =>
      `provider ${row['provider_id']} has ${row['prices']} active prices for ${row['model_name']}`,
  },
  {
    rule: 'wrong_invoice',
    sql: `SELECT i.id, i.invoice_number, i.total_micros FROM invoices i
          WHERE i.subtotal_micros + i.tax_micros <> i.total_micros
             OR i.subtotal_micros <> COALESCE((SELECT SUM(l.amount_micros) FROM invoice_lines l
                  WHERE l.invoice_id = i.id AND l.amount_micros = l.quantity * l.unit_micros), 0)
             OR i.subtotal_micros <> COALESCE((SELECT SUM(r.cost_micros) FROM billing_records r
                  WHERE r.client_id = i.user_id AND r.currency = i.currency
                    AND r.timestamp >= i.billing_period_start AND r.timestamp < i.billing_period_end), 0)
                + COALESCE((SELECT SUM(h.earned_micros) FROM score_holds h
                  WHERE h.client_id = i.user_id AND h.currency = i.currency
                    AND h.settled_at >= i.billing_period_start AND h.settled_at < i.billing_period_end), 0)`,
    sentence: (row) =>
      `invoice ${row['invoice_number']} over ${row['total_micros']} micro-units is not what was billed in its month`,
  },
];

/** Everything that the tables can prove of themselves. */
export const BILLING_RULES: readonly BillingRule[] = [
  ...LEDGER_RULES,
  ...ORDER_RULES,
  ...SCORE_RULES,
  ...OTHER_RULES,
];
