import {
  ArchiveFolder,
  type ArchivedRows,
  type LinkWithRows,
  openArchive,
  type SealLink,
} from '#libs/database';
import { messageOf } from '#libs/kernel';
import type { AuditArchiveEntity } from './audit-archive.entity.js';
import type { AuditArchiveRepository } from './audit-archive.repository.js';

/**
 * What the verifier needs to know of the archives.
 * @param path their folder; null: the links are believed what they say of archived rows
 */
export async function archivedRows(
  archives: AuditArchiveRepository,
  path: string | null,
): Promise<ArchivedRows> {
  const records = await archives.all();
  return {
    ends: new Map(records.map(({ lastSequence, hash }) => [lastSequence, hash])),
    droppedId: Math.max(0, ...records.map(({ droppedId }) => droppedId)),
    rowsOf: path === null ? null : readerOf(new ArchiveFolder(path), records),
  };
}

/** Reads the files one after another, for a caller who asks for the links in their order. */
function readerOf(folder: ArchiveFolder, records: readonly AuditArchiveEntity[]): ArchivedRows['rowsOf'] {
  let open: { readonly file: string; readonly links: Promise<AsyncGenerator<LinkWithRows>> } | null = null;
  return async ({ firstSequence, lastSequence }: SealLink) => {
    const record = records.find((one) => one.lastSequence >= lastSequence);
    if (record === undefined)
      throw new Error(`no archive is recorded for rows ${firstSequence} to ${lastSequence}`);
    if (open?.file !== record.file) open = { file: record.file, links: opened(folder, record) };
    const links = await open.links;
    for (;;) {
      const next = await links.next().catch((error: unknown) => {
        throw new Error(`the archive ${record.file}: ${messageOf(error)}`);
      });
      if (next.done === true || next.value.link.firstSequence > firstSequence)
        throw new Error(`the archive ${record.file} does not have rows ${firstSequence} to ${lastSequence}`);
      if (next.value.link.firstSequence === firstSequence) return next.value.rows;
    }
  };
}

async function opened(
  folder: ArchiveFolder,
  record: AuditArchiveEntity,
): Promise<AsyncGenerator<LinkWithRows>> {
  await folder.assertWhole(record);
  return (await openArchive(folder.lines(record.file))).links;
}
