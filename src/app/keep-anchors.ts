import { Injectable, Module } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { type Anchor, Database } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, MINUTE_MS } from '#libs/kernel';
import { CompactSign } from 'jose';
import { OutcomesModule } from '../outcomes/outcomes.module.js';
import { RECEIPT_ALGORITHM, ReceiptKeys } from '../outcomes/receipts/receipt-keys.service.js';
import { addAnchors, anchorText, currentAnchors, type WrittenAnchor } from './anchors.js';

/** Writes signed anchors to `audit_anchor`, if it is configured, whenever the chains have grown. */
@Injectable()
export class KeepAnchors extends PeriodicService {
  #last = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly keys: ReceiptKeys,
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
    await addAnchors(path, await Promise.all(grown.map((anchor) => this.#signed(anchor))));
    for (const { chain, rows } of grown) this.#last.set(chain, rows);
  }

  async #signed(anchor: Anchor): Promise<WrittenAnchor> {
    const { kid, key } = await this.keys.active();
    const text = new TextEncoder().encode(anchorText(anchor));
    const signing = new CompactSign(text).setProtectedHeader({ alg: RECEIPT_ALGORITHM, kid });
    return { ...anchor, signature: await signing.sign(key) };
  }

  protected override failed(error: unknown): void {
    this.logger.error({ err: error }, 'anchors could not be written to audit_anchor');
  }
}

@Module({ imports: [OutcomesModule], providers: [KeepAnchors] })
export class AnchorsModule {}
