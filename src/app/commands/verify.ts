import type { INestApplicationContext } from '@nestjs/common';
import { AuditSealRepository } from '../../audit/seal/audit-seal.repository.js';
import { VerifyAudit } from '../../audit/seal/verify-audit.service.js';
import { type BillingVerdict, BillingVerifier } from '../../billing/billing.port.js';
import { LedgerModule } from '../../billing/ledger.module.js';
import { MarketplaceBooksModule } from '../../marketplace/marketplace-books.module.js';
import { addAnchors, currentAnchors, readAnchors } from '../anchors.js';
import { withDomains } from '../domain-context.js';
import { openDatabase } from '../schema.js';
import { EXIT, type Command, nameDatabase, print, printError } from './command.js';
import { progressBar } from './terminal.js';

/**
 * `audit anchor`: prints how far the chains have come, one JSON object a line, to be kept elsewhere; with `audit_anchor` set
 * also adds it to that file.
 */
export const anchorAudit: Command = async (config) => {
  const database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  try {
    const anchors = await currentAnchors(database, new Date());
    if (anchors.length === 0) return print('Nothing is sealed yet.');
    if (config.audit_anchor !== null) await addAnchors(config.audit_anchor, anchors);
    return print(anchors.map((anchor) => JSON.stringify(anchor)).join('\n'));
  } finally {
    await database.close();
  }
};

/** `audit verify`: checks the chain over the audit log; exit code 1 when a row was changed, removed or put in. */
export const verifyAudit: Command = async (config) => {
  const anchors = await readAnchors(config);
  const database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  try {
    const seals = new AuditSealRepository(database);
    const verifying = new VerifyAudit(seals);
    const draw = progressBar('audit verify');
    const verdict = await database.inSnapshot(async () => {
      const total = (await seals.store.head())?.rowCount ?? 0;
      let done = 0;
      return verifying.verify(anchors, config.archive_folder, (rows) => draw((done += rows) / (total + 1)));
    });
    draw(1);
    for (const note of verdict.notes) printError(`note: ${note}`);
    for (const fault of verdict.faults) printError(fault);
    const rows = `${verdict.sealedRows} rows checked, ${verdict.unsealedRows} too recent to be sealed`;
    if (verdict.faults.length > 0) {
      printError(`The audit log has been altered: ${rows}.`);
      return EXIT.failed;
    }
    return print(
      `The audit log is unaltered: ${rows}; hash of the chain: ${verdict.hash ?? 'none, it is empty'}.`,
    );
  } finally {
    await database.close();
  }
};

/**
 * `billing verify`: proves from the tables that no money was lost, spent twice or moved twice; exit code 1 when they say
 * anything else. It reads one moment of the database, also of one that is in use.
 */
export const verifyBilling: Command = async (config) => {
  const anchors = await readAnchors(config);
  const domains = [LedgerModule, MarketplaceBooksModule];
  const verify = async (context: INestApplicationContext): Promise<number> => {
    const verifier = context.get<BillingVerifier>(BillingVerifier, { strict: false });
    const verdict = await verifier.verify(undefined, anchors);
    for (const note of verdict.notes) printError(`note: ${note}`);
    for (const { rule, detail } of verdict.violations) printError(`${rule}: ${detail}`);
    if (verdict.violations.length > 0) {
      printError(`The books do not add up: ${verdict.violations.length} errors, ${figuresOf(verdict)}.`);
      return EXIT.failed;
    }
    return print(`The books add up: ${figuresOf(verdict)}.`);
  };
  return withDomains(config, domains, verify, { mustExist: true });
};

const figuresOf = ({ transactions, orders, work }: BillingVerdict): string =>
  `${transactions} transactions and ${orders} orders checked ` +
  (work === 'compared' ? "against the marketplace's own state" : 'within the ledger alone');
