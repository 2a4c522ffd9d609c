import { resolve } from 'node:path';
import { AUDIT_VERIFY_ARCHIVE_FLAGS, commandArguments } from '#libs/config';
import { linesOf, openArchive, TransactionRunner, verifyArchive } from '#libs/database';
import { messageOf, systemClock } from '#libs/kernel';
import { ArchiveAudit } from '../../audit/archive/archive-audit.service.js';
import { AuditArchiveRepository } from '../../audit/archive/audit-archive.repository.js';
import { LoggedRequests } from '../../audit/logged-requests.repository.js';
import { AuditSealRepository } from '../../audit/seal/audit-seal.repository.js';
import { readAnchors } from '../anchors.js';
import { openDatabase } from '../schema.js';
import { type Command, EXIT, type PlainCommand, print, printError } from './command.js';

/** `audit export`: what the service does every hour, now. */
export const exportAudit: Command = async (config) => {
  const database = await openDatabase(config);
  try {
    const archiving = new ArchiveAudit(
      new AuditArchiveRepository(database),
      new AuditSealRepository(database),
      new LoggedRequests(database),
      new TransactionRunner(database),
      config,
      systemClock,
    );
    const { files, rows } = await archiving.archive();
    if (files.length === 0)
      return print(`No sealed row is older than ${config.audit_history_days} days and not archived yet.`);
    return print(`${rows} rows archived, and removed from the log:\n${files.join('\n')}`);
  } finally {
    await database.close();
  }
};

/** `audit verify-archive FILE`: needs no database; exit code 1 when a row of the file was changed, removed or put in. */
export const verifyAuditArchive: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, AUDIT_VERIFY_ARCHIVE_FLAGS);
  const path = resolve(positionals[0] ?? '');
  const anchors = await readAnchors(flags);
  try {
    const archive = await openArchive(linesOf(path));
    const { faults, sealedRows, hash } = await verifyArchive(archive, anchors);
    const { firstSequence, previousHash } = archive.head;
    if (faults.length === 0)
      return print(
        `The archive is unaltered: ${sealedRows} rows checked, from row ${firstSequence} on; hash of the chain before it: ` +
          `${previousHash}, after it: ${hash ?? previousHash}.`,
      );
    for (const fault of faults) printError(fault);
  } catch (error) {
    printError(`${path}: ${messageOf(error)}`);
  }
  printError('The archive has been altered, or is not whole.');
  return EXIT.failed;
};
