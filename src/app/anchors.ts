import { appendFile, readFile } from 'node:fs/promises';
import { Injectable, Module } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { type Anchor, Database, SealStore } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { AppError, Clock, messageOf, MINUTE_MS } from '#libs/kernel';
import { ReceiptRepository } from '../outcomes/receipts/receipt.repository.js';

/** The tables whose rows are sealed. */
export const CHAINS = [
  { chain: 'audit', rows: 'api_logs', seals: 'audit_seals' },
  { chain: 'ledger', rows: 'transactions', seals: 'ledger_seals' },
] as const;

/** How far the chains of the audit log, of the ledger and of receipts have come; a chain without links is left out. */
export async function currentAnchors(database: Database, now: Date): Promise<Anchor[]> {
  const anchors: Anchor[] = [];
  for (const table of CHAINS) {
    const head = await new SealStore(database, table).head();
    if (head !== null && head.links > 0)
      anchors.push({ chain: table.chain, rows: head.rowCount, hash: head.hash, at: now.toISOString() });
  }
  const { number, hash } = await new ReceiptRepository(database).end();
  if (number > 0) anchors.push({ chain: 'receipts', rows: number, hash, at: now.toISOString() });
  return anchors;
}

/** Adds lines to a file of anchors; one that is missing is made, for its owner only. */
export const addAnchors = (path: string, anchors: readonly Anchor[]): Promise<void> =>
  appendFile(path, anchors.map((anchor) => `${JSON.stringify(anchor)}\n`).join(''), { mode: 0o600 });

/**
 * The anchors in a file, none if no file is configured.
 * @throws AppError `bad_request` when it cannot be read or a line is no anchor
 */
export async function readAnchors(path: string | null): Promise<Anchor[]> {
  if (path === null) return [];
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AppError('bad_request', `audit_anchor: ${path} cannot be read: ${messageOf(error)}`);
  });
  return text
    .split('\n')
    .map((line, at) => ({ line: line.trim(), at: at + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, at }) => anchorOf(line, `${path}, line ${at}`));
}

function anchorOf(line: string, place: string): Anchor {
  try {
    const { chain, rows, hash, at } = JSON.parse(line) as Partial<Anchor>;
    if (
      typeof chain === 'string' &&
      typeof hash === 'string' &&
      typeof at === 'string' &&
      Number.isSafeInteger(rows)
    )
      return { chain, rows: rows as number, hash, at };
  } catch {
    // no JSON is no anchor either
  }
  throw new AppError(
    'bad_request',
    `audit_anchor: ${place} is no anchor; a line looks like {"chain":"audit","rows":1,"hash":"…","at":"…"}`,
  );
}

/** Writes anchors to the file `audit_anchor`, if one is configured, whenever the chains have grown. */
@Injectable()
export class KeepAnchors extends PeriodicService {
  #last = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    const everyMs = config.audit_anchor_minutes * MINUTE_MS;
    // a process that is often started again writes anchors, too
    super(clock, { everyMs, firstMs: Math.min(everyMs, MINUTE_MS) });
  }

  protected async turn(): Promise<void> {
    const { audit_anchor: path } = this.config;
    if (path === null) return;
    const anchors = await currentAnchors(this.database, new Date(this.clock.now()));
    const grown = anchors.filter(({ chain, rows }) => rows > (this.#last.get(chain) ?? 0));
    if (grown.length === 0) return;
    await addAnchors(path, grown);
    for (const { chain, rows } of grown) this.#last.set(chain, rows);
  }

  protected override failed(error: unknown): void {
    this.logger.error({ err: error }, 'anchors could not be written to the file audit_anchor');
  }
}

@Module({ providers: [KeepAnchors] })
export class AnchorsModule {}
