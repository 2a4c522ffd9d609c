import { ArchiveFolder, Database, type DatabaseLocation, TransactionRunner } from '#libs/database';
import { configOf, FakeClock } from '#libs/testing';
import { entities, migrations } from '../../../src/app/schema.js';
import { ArchiveAudit } from '../../../src/audit/archive/archive-audit.service.js';
import { AuditArchiveRepository } from '../../../src/audit/archive/audit-archive.repository.js';
import { LoggedRequests } from '../../../src/audit/logged-requests.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { ArchiveOrders } from '../../../src/marketplace/archive/archive-orders.service.js';
import { OrderArchiveRepository } from '../../../src/marketplace/archive/order-archive.repository.js';

/** Archives as the service does, and kills itself behind its step with this number; 0 is before the first. */
const [location = '', archive_folder = '', now = '', deadly = '', what = 'audit'] = process.argv.slice(2);
const database = await Database.open({
  location: JSON.parse(location) as DatabaseLocation,
  entities,
  migrations,
});
const transactions = new TransactionRunner(database);

let step = 0;
const edge = (): void => {
  if (step === Number(deadly)) process.kill(process.pid, 'SIGKILL');
  step += 1;
};
/** Lets the process die after every call of a method. */
function watch<Name extends string>(
  owner: { [name in Name]: (...given: never[]) => Promise<unknown> },
  name: Name,
): void {
  const method = owner[name] as (...given: unknown[]) => Promise<unknown>;
  owner[name] = async function (this: unknown, ...given: unknown[]) {
    const result = await Reflect.apply(method, this, given);
    edge();
    return result;
  };
}
for (const name of ['write', 'publish', 'assertWhole', 'discard'] as const)
  watch(ArchiveFolder.prototype, name);
watch(transactions, 'run');
edge();

const clock = new FakeClock(Number(now));
const config = configOf({ audit_history_days: 30, order_history_days: 30, archive_folder });
const service =
  what === 'orders'
    ? new ArchiveOrders(new OrderArchiveRepository(database), transactions, config, clock)
    : new ArchiveAudit(
        new AuditArchiveRepository(database),
        new AuditSealRepository(database),
        new LoggedRequests(database),
        transactions,
        config,
        clock,
      );
await service.archive();
await database.close();
process.stdout.write('finished\n');
