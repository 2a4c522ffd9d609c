import { type Call, isAcknowledged } from './journal.js';
import { SETUP_IDS, type Site } from './site.js';

/** What a journal and a database say about each other. */
export interface Verdict {
  /** One sentence for each thing that must not be; empty when all is well. */
  readonly complaints: readonly string[];
  /** What was compared. */
  readonly compared: {
    readonly acknowledged: number;
    readonly predictions: number;
    readonly orders: number;
    readonly claims: number;
    readonly settled: number;
    readonly auditRows: number;
  };
}

/** What can be compared. */
export interface Comparison {
  /** False when the database's clock jumped: then times say nothing about what was first. Default true. */
  readonly hasSteadyClock?: boolean;
}

/** At most so many examples of one complaint. */
const EXAMPLES = 3;

/**
 * Compares everything that the observer was told with everything that is stored, by statements of its own: acknowledged is
 * stored and nothing else is, each job has ended or is leased, claims of an order do not overlap, each answered order was
 * settled once, the ledger's sums are zero, and the audit log has the observer's requests, no more and no less. No request
 * may be open any more.
 * @param site nothing works on its database but what holds a lease
 */
export async function compareAll(
  site: Site,
  calls: readonly Call[],
  { hasSteadyClock = true }: Comparison = {},
): Promise<Verdict> {
  const told = new Complaints();
  const acknowledged = calls.filter(isAcknowledged);
  checkAnswers(told, calls);
  const predictions = await checkStored(told, site, calls, 'prediction');
  const orders = await checkStored(told, site, calls, 'order');
  await checkJobs(told, site);
  const claims = await checkClaims(told, site, acknowledged, hasSteadyClock);
  const settled = await checkMoney(told, site, acknowledged);
  const auditRows = await checkAudit(told, site, calls);
  const compared = { acknowledged: acknowledged.length, predictions, orders, claims, settled, auditRows };
  return { complaints: told.all, compared };
}

/** {@link compareAll}, and what the product's own verifiers say, as an operator runs them. */
export async function verifyAll(site: Site, calls: readonly Call[], of?: Comparison): Promise<Verdict> {
  const { complaints, compared } = await compareAll(site, calls, of);
  const told = new Complaints();
  const command = site.command();
  for (const what of ['audit', 'billing']) {
    const { status, stdout, stderr } = await command.run(what, 'verify');
    if (status !== 0) told.about(`${what} verify`, [`${stdout}${stderr}`]);
  }
  await command.end();
  return { complaints: [...complaints, ...told.all], compared };
}

class Complaints {
  readonly all: string[] = [];

  /** One complaint about all of them, if there are any. */
  about(what: string, examples: readonly unknown[]): void {
    if (examples.length === 0) return;
    const shown = examples
      .slice(0, EXAMPLES)
      .map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
    this.all.push(`${what}: ${examples.length} (${shown.join('; ')})`);
  }
}

/** Only answers that the service promises, each in time, and the same bytes for the same key. */
function checkAnswers(told: Complaints, calls: readonly Call[]): void {
  told.about(
    'requests that were never answered in time',
    calls.filter(({ fault }) => fault === 'TIMEOUT'),
  );
  told.about(
    'answers 5xx other than 503',
    calls.filter(({ status }) => (status ?? 0) >= 500 && status !== 503),
  );
  told.about(
    '503 without Retry-After',
    calls.filter(({ status, hasRetryAfter }) => status === 503 && !hasRetryAfter),
  );
  told.about(
    'acknowledged predictions that could not be read',
    calls.filter(({ asked, status }) => asked === 'read' && (status ?? 200) !== 200 && status !== 503),
  );
  const digests = new Map<string, Set<string>>();
  for (const { key, digest } of calls) {
    if (key === undefined || digest === undefined) continue;
    digests.set(key, (digests.get(key) ?? new Set()).add(digest));
  }
  told.about(
    'keys with different answers',
    [...digests].filter(([, all]) => all.size > 1).map(([key]) => key),
  );
}

const TABLES = { prediction: 'predictions', order: 'prediction_jobs' } as const;

/** Every acknowledged row is there, and no more rows than keys that may have had an effect. */
async function checkStored(
  told: Complaints,
  site: Site,
  calls: readonly Call[],
  asked: keyof typeof TABLES,
): Promise<number> {
  const mine = calls.filter((call) => call.asked === asked);
  const acknowledged = new Map(mine.filter(isAcknowledged).map(({ key, id }) => [key, id]));
  const ids = new Set(acknowledged.values());
  const stored = new Set(
    (await site.query<{ id: string | number }>(`SELECT id FROM ${TABLES[asked]}`)).map(({ id }) =>
      String(id),
    ),
  );
  told.about(
    `acknowledged, not stored: ${asked}`,
    [...ids].filter((id) => !stored.has(id ?? '')),
  );
  if (ids.size !== acknowledged.size)
    told.about(`keys that share one effect: ${asked}`, [`${acknowledged.size} keys, ${ids.size} rows`]);
  const unknown = new Set(mine.filter(({ status }) => status === null).map(({ key }) => key));
  for (const key of acknowledged.keys()) unknown.delete(key);
  const most = ids.size + unknown.size;
  if (stored.size > most)
    told.about(`stored more often than asked: ${asked}`, [`${stored.size} rows, ${most} keys`]);
  return stored.size;
}

async function checkJobs(told: Complaints, site: Site): Promise<void> {
  const open = await site.query<{ id: string; status: string; lease: unknown; holder: unknown }>(
    'SELECT id, status, lease_expires_at AS lease, lease_holder AS holder FROM jobs WHERE finished_at IS NULL',
  );
  told.about(
    'jobs that have neither ended nor a lease',
    open.filter(({ status, lease }) => status !== 'queued' && lease === null),
  );
  told.about(
    'jobs that wait although nothing is left to do',
    open.filter(({ status }) => status === 'queued'),
  );
  told.about(
    'predictions whose job has ended and that have not',
    await site.query(
      `SELECT p.id, p.status FROM predictions p JOIN jobs j ON j.subject = CAST(p.id AS VARCHAR(32))
       WHERE j.kind = 'core_prediction' AND j.finished_at IS NOT NULL AND p.status NOT IN ('completed', 'failed')`,
    ),
  );
  told.about(
    'steps that happened twice',
    await site.query(
      `SELECT topic, type FROM events WHERE type IN ('completed', 'failed') GROUP BY topic, type HAVING COUNT(*) > 1`,
    ),
  );
}

async function checkClaims(
  told: Complaints,
  site: Site,
  acknowledged: readonly Call[],
  hasSteadyClock: boolean,
): Promise<number> {
  const rows = await site.query<{ id: string; epoch: number | string; claimed: unknown; ended: unknown }>(
    `SELECT prediction_id AS id, lease_epoch AS epoch, claimed_at AS claimed, ended_at AS ended
     FROM prediction_claims ORDER BY prediction_id, lease_epoch`,
  );
  const stored = new Set(rows.map(({ id, epoch }) => `${id} ${epoch}`));
  const claims = acknowledged.filter(({ asked }) => asked === 'claim');
  told.about(
    'acknowledged claims that are not stored',
    claims.filter(({ id, epoch }) => !stored.has(`${id} ${epoch}`)),
  );
  const given = new Map<string, Set<string | undefined>>();
  for (const { id, epoch, key } of claims) {
    const name = `${id} ${epoch}`;
    given.set(name, (given.get(name) ?? new Set()).add(key));
  }
  told.about(
    'claims given to two',
    [...given].filter(([, keys]) => keys.size > 1).map(([name]) => name),
  );
  told.about(
    'claims that overlap',
    rows.filter((row, index) => {
      const before = rows[index - 1];
      if (before?.id !== row.id) return false;
      return before.ended === null || (hasSteadyClock && timeOf(before.ended) > timeOf(row.claimed));
    }),
  );
  return rows.length;
}

/** SQLite keeps text, PostgreSQL gives a Date. */
const timeOf = (value: unknown): number => new Date(value as string).getTime();

async function checkMoney(told: Complaints, site: Site, acknowledged: readonly Call[]): Promise<number> {
  told.about(
    'transactions whose entries do not sum to zero',
    await site.query(
      'SELECT transaction_id AS id FROM transaction_entries GROUP BY transaction_id, currency HAVING SUM(amount_micros) <> 0',
    ),
  );
  const settled = await site.query<{ id: string; n: number | string; hash: string | null; status: string }>(
    `SELECT o.id, o.status, o.result_hash AS hash,
       (SELECT COUNT(*) FROM transactions t WHERE t.prediction_id = o.id AND t.transaction_type = 'capture') AS n
     FROM prediction_jobs o`,
  );
  told.about(
    'orders that were not settled exactly once',
    settled.filter(({ status, n }) => Number(n) !== (status === 'completed' ? 1 : 0)),
  );
  const hashes = new Map(settled.map(({ id, hash }) => [id, hash]));
  told.about(
    'accepted answers that are not the stored ones',
    acknowledged.filter(
      ({ asked, id = '', resultHash }) => asked === 'answer' && hashes.get(id) !== resultHash,
    ),
  );
  return settled.filter(({ status }) => status === 'completed').length;
}

/** Each answer has its row with its status; each row is a request that the observer sent. */
async function checkAudit(told: Complaints, site: Site, calls: readonly Call[]): Promise<number> {
  const rows = await site.query<{ id: string; status: number }>(
    `SELECT correlation_id AS id, response_status_code AS status FROM api_logs WHERE correlation_id <> '${SETUP_IDS}'`,
  );
  const stored = new Map<string, number[]>();
  for (const { id, status } of rows) stored.set(id, [...(stored.get(id) ?? []), status]);
  const sent = new Map(calls.map((call) => [call.request, call]));
  told.about(
    'answers without their audit row',
    // an answer that says that the database cannot be written has none
    calls.filter(
      ({ request, status }) => status !== null && status !== 503 && !stored.get(request)?.includes(status),
    ),
  );
  told.about(
    'requests with several audit rows',
    [...stored].filter(([, all]) => all.length > 1).map(([id]) => id),
  );
  told.about(
    'audit rows of nobody',
    [...stored.keys()].filter((id) => !sent.has(id)),
  );
  return rows.length;
}
