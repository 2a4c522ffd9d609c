import { AuditSealRepository } from '../../audit/seal/audit-seal.repository.js';
import { VerifyAudit } from '../../audit/seal/verify-audit.service.js';
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
