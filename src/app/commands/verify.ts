import { AuditSealRepository } from '../../audit/seal/audit-seal.repository.js';
import { VerifyAudit } from '../../audit/seal/verify-audit.service.js';
import { type BillingVerdict, BillingVerifier } from '../../billing/billing.port.js';
import { LedgerModule } from '../../billing/ledger.module.js';
import { MarketplaceBooksModule } from '../../marketplace/marketplace-books.module.js';
import { withDomains } from '../domain-context.js';
import { openDatabase } from '../schema.js';
import { EXIT, type Command, print, printError } from './command.js';

/** `audit verify`: checks the chain over the audit log; exit code 1 when a row was changed, removed or put in. */
export const verifyAudit: Command = async (config) => {
  const database = await openDatabase(config);
  try {
    const verdict = await new VerifyAudit(new AuditSealRepository(database)).verify();
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
export const verifyBilling: Command = (config) =>
  withDomains(config, [LedgerModule, MarketplaceBooksModule], async (context) => {
    const verdict = await context.get<BillingVerifier>(BillingVerifier, { strict: false }).verify();
    for (const { rule, detail } of verdict.violations) printError(`${rule}: ${detail}`);
    if (verdict.violations.length > 0) {
      printError(`The books do not add up: ${verdict.violations.length} errors, ${figuresOf(verdict)}.`);
      return EXIT.failed;
    }
    return print(`The books add up: ${figuresOf(verdict)}.`);
  });

const figuresOf = ({ transactions, orders, work }: BillingVerdict): string =>
  `${transactions} transactions and ${orders} orders checked ` +
  (work === 'compared' ? "against the marketplace's own state" : 'within the ledger alone');
