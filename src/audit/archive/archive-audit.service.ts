import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import {
  type ArchivedLink,
  archiveLines,
  ArchiveFolder,
  GENESIS,
  type LinkWithTexts,
  LOOK_BACK,
  openArchive,
  type SealLink,
  TransactionRunner,
  verifyArchive,
} from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { AppError, assertPresent, Clock, DAY_MS, HOUR_MS } from '#libs/kernel';
import { LoggedRequests } from '../logged-requests.repository.js';
import { AuditSealRepository } from '../seal/audit-seal.repository.js';
import { sealedText } from '../seal/seal-audit.service.js';
import type { AuditArchiveEntity } from './audit-archive.entity.js';
import { AuditArchiveRepository } from './audit-archive.repository.js';

/** Links in one file: half a million rows, 10 to 20 MB. */
const MOST_LINKS = 1_000;

/** What is to be archived next. */
interface NextRange {
  readonly links: readonly SealLink[];
  readonly previousHash: string;
  readonly lastId: number;
}

/** What a run did. */
export interface ArchivedFigures {
  readonly files: readonly string[];
  readonly rows: number;
}

/**
 * Moves rows of the audit log that are older than `audit_history_days` into files of `archive_folder`, every hour. A file is
 * written, brought to the disk, read again and checked against the chain; then it is recorded, which lets the database
 * delete its rows, and they go a few at a time. A run goes on where a killed one ended. The links of the chain stay.
 */
@Injectable()
export class ArchiveAudit extends PeriodicService {
  constructor(
    private readonly archives: AuditArchiveRepository,
    private readonly seals: AuditSealRepository,
    private readonly figures: LoggedRequests,
    private readonly transactions: TransactionRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: HOUR_MS });
  }

  override onApplicationBootstrap(): void {
    if (this.config.audit_history_days > 0) super.onApplicationBootstrap();
  }

  /** Archives what is too old, or what it can until the signal aborts. @throws AppError when a file is not what was written */
  async archive(signal?: AbortSignal): Promise<ArchivedFigures> {
    const { archive_folder: path, audit_history_days: days } = this.config;
    if (path === null || days === 0)
      throw new AppError(
        'bad_request',
        'audit_history_days and archive_folder must be set: from which age on rows are archived, and where to',
      );
    const folder = new ArchiveFolder(path);
    const before = new Date(this.clock.now() - days * DAY_MS).toISOString();
    const files: string[] = [];
    let rows = 0;
    await this.#dropArchived(folder, signal);
    for (; !isOver(signal);) {
      const range = await this.#next(before);
      if (range === null) break;
      // usage and statistics count them from then on without the rows
      while (await this.transactions.run((tx) => this.figures.addUp(tx, range.lastId)));
      const archive = await this.#write(folder, range);
      const isRecorded = await this.transactions.run((tx) => this.archives.record(tx, archive));
      if (!isRecorded) {
        await folder.discard(archive);
        break; // another process does it
      }
      files.push(archive.file);
      rows += archive.lastSequence - archive.firstSequence + 1;
      await this.#dropArchived(folder, signal);
    }
    return { files, rows };
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    const { files, rows } = await this.archive(signal);
    if (files.length > 0) this.logger.log(`archived ${rows} rows of the audit log in ${files.join(', ')}`);
  }

  /** Deletes what is recorded and still in the log, after another look at the file. */
  async #dropArchived(folder: ArchiveFolder, signal: AbortSignal | undefined): Promise<void> {
    for (const archive of await this.archives.all()) {
      if (archive.droppedId >= archive.lastId) continue;
      await folder.publish(archive);
      await folder.assertWhole(archive);
      for (let isMore = true; isMore;) {
        if (isOver(signal)) return;
        isMore = await this.transactions.run((tx) => this.archives.drop(tx, archive));
      }
    }
  }

  /**
   * The next links that were all sealed before this moment. On PostgreSQL a link may have ids below those of an older one:
   * the range ends where no later link reaches back, so that one id parts what is archived from what is not.
   */
  async #next(before: string): Promise<NextRange | null> {
    const last = await this.archives.last();
    const following = await this.seals.store.linksFrom((last?.lastSequence ?? 0) + 1, MOST_LINKS + LOOK_BACK);
    let [count, highest] = [0, last?.lastId ?? 0];
    const lowestAfter = lowestIds(following);
    let lastId = highest;
    for (const [index, { idRanges, sealedAt }] of following.slice(0, MOST_LINKS).entries()) {
      highest = Math.max(highest, ...idRanges.map(([, to]) => to));
      if (sealedAt >= before) break;
      if (highest < (lowestAfter[index + 1] ?? Infinity)) [count, lastId] = [index + 1, highest];
    }
    if (count === 0) return null;
    return { links: following.slice(0, count), previousHash: last?.hash ?? GENESIS, lastId };
  }

  async #write(
    folder: ArchiveFolder,
    { links, previousHash, lastId }: NextRange,
  ): Promise<Omit<AuditArchiveEntity, 'id' | 'droppedId'>> {
    const first = assertPresent(links[0], 'a range has links').firstSequence;
    const { lastSequence, hash, sealedAt } = assertPresent(links.at(-1), 'a range has links');
    const head = { chain: 'audit', firstSequence: first, previousHash };
    const file = await folder.write(
      `audit-${padded(first)}-${padded(lastSequence)}`,
      archiveLines(head, this.#texts(links)),
      (lines) => assertHas(lines, links),
    );
    return {
      ...file,
      firstSequence: first,
      lastSequence,
      lastId,
      sealedUntil: new Date(sealedAt),
      hash,
      archivedAt: new Date(this.clock.now()),
    };
  }

  async *#texts(links: readonly SealLink[]): AsyncGenerator<LinkWithTexts> {
    for (const link of links) {
      const texts: string[] = [];
      for (const range of link.idRanges)
        for (const row of await this.seals.rowsBetween(range)) texts.push(sealedText(row));
      yield { link, texts };
    }
  }
}

const isOver = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** At each place the lowest id of this link and all behind it. */
function lowestIds(links: readonly SealLink[]): number[] {
  const lowest: number[] = [];
  let least = Infinity;
  for (const { idRanges } of links.toReversed()) {
    least = Math.min(least, ...idRanges.map(([from]) => from));
    lowest.unshift(least);
  }
  return lowest;
}

/** The file has these links, and their rows hash to what the links say. */
async function assertHas(lines: AsyncIterable<string>, links: readonly SealLink[]): Promise<void> {
  const seen: ArchivedLink[] = [];
  const { faults } = await verifyArchive(await openArchive(lines), [], (link) => seen.push(link));
  const isSame = seen.length === links.length && links.every(({ hash }, index) => seen[index]?.hash === hash);
  if (faults.length > 0 || !isSame)
    throw new AppError(
      'internal',
      `the rows of the audit log are not what was sealed, so nothing was archived: ${faults[0] ?? 'other links'}; run "audit verify"`,
    );
}

const padded = (sequence: number): string => String(sequence).padStart(12, '0');
