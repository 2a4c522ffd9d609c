import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, json, serialId, unique, utc, varchar } from './columns.js';

/**
 * How far each chain of seals has come, and a chain over the ledger. The audit log's chain goes on from where it is; the
 * ledger's begins with the oldest transaction, which the sealer finds by itself.
 */
export class SealHeads1796000000040 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(ledgerSeals());
    await makeAppendOnly(queryRunner, { name: 'ledger_seals', serial: 'id', keys: [['first_sequence']] });
    await queryRunner.createTable(heads());
    const genesis = '0'.repeat(64);
    await queryRunner.query(
      `INSERT INTO seal_heads (chain, links, row_count, hash)
       SELECT 'audit', (SELECT COUNT(*) FROM audit_seals), (SELECT COALESCE(MAX(last_sequence), 0) FROM audit_seals),
         COALESCE((SELECT hash FROM audit_seals ORDER BY id DESC LIMIT 1), '${genesis}')`,
    );
    await queryRunner.query(
      `INSERT INTO seal_heads (chain, links, row_count, hash) VALUES ('ledger', 0, 0, '${genesis}')`,
    );
    await makeAppendOnly(
      queryRunner,
      {
        name: 'seal_heads',
        keys: [['chain']],
        settable: [
          { column: 'links', allowed: 'NEW.links = OLD.links + 1' },
          { column: 'row_count', allowed: 'NEW.row_count > OLD.row_count AND NEW.links = OLD.links + 1' },
          { column: 'hash', allowed: 'NEW.links = OLD.links + 1' },
        ],
      },
      heads().columns.map(({ name }) => name),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of ['seal_heads', 'ledger_seals']) {
      await queryRunner.dropTable(name);
      await dropAppendOnlyGuard(queryRunner, name);
    }
  }
}

const ledgerSeals = (): Table =>
  new Table({
    name: 'ledger_seals',
    columns: [
      serialId(),
      bigint('first_sequence'),
      bigint('last_sequence'),
      json('id_ranges'),
      varchar('hash', 64),
      utc('sealed_at'),
    ],
    indices: [unique('uq_ledger_seals_sequence', ['first_sequence'])],
  });

const heads = (): Table =>
  new Table({
    name: 'seal_heads',
    columns: [
      varchar('chain', 16, { isPrimary: true }),
      bigint('links'),
      bigint('row_count'),
      varchar('hash', 64),
    ],
  });
