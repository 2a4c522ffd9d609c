import { afterAll, beforeAll, describe } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TransactionRunner } from '#libs/database';
import type { Role } from '#libs/http';
import { assertPresent } from '#libs/kernel';
import { hashApiKey } from '../../src/accounts/api-key.js';
import { PasswordHasher } from '../../src/accounts/password-hasher.js';
import { UserRepository } from '../../src/accounts/user.repository.js';
import {
  type AdapterName,
  describeOnAdapters,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from './app.js';
import { TestCluster } from './cluster.js';
import { runFolder } from './test-resources.js';

/** Password of every seeded account. */
export const ORIGINAL_PASSWORD = 'testpass123';

/** The accounts that the original's suites expect, by their API key. All are active. */
export const ORIGINAL_ACCOUNTS = {
  admin_key: ['admin_user', 'admin'],
  test_key: ['test_user', 'client'],
  client_key: ['client_user', 'client'],
  user_key: ['user_key', 'client'],
  client1_key: ['client1', 'client'],
  client2_key: ['client2', 'client'],
  audit_user_key: ['audit_user', 'client'],
  billing_user_key: ['billing_user', 'client'],
  integrity_user_key: ['integrity_user', 'client'],
  data_user_key: ['data_user', 'client'],
  operator_key: ['operator_user', 'operator'],
  provider_key: ['provider_user', 'provider'],
} as const satisfies Readonly<Record<string, readonly [username: string, role: Role]>>;

const KEY_LIFE_MS = 90 * 86_400_000;

/** Adds {@link ORIGINAL_ACCOUNTS} in one transaction. */
export async function seedOriginalAccounts({ app }: Pick<TestApp, 'app'>): Promise<void> {
  const users = app.get(UserRepository, { strict: false });
  const hashedPassword = await app.get(PasswordHasher, { strict: false }).hash(ORIGINAL_PASSWORD);
  const createdAt = new Date();
  const expiresAt = new Date(createdAt.getTime() + KEY_LIFE_MS);
  await app.get(TransactionRunner, { strict: false }).run(async (tx) => {
    for (const [key, [username, role]] of Object.entries(ORIGINAL_ACCOUNTS)) {
      await users.insert(tx, {
        username,
        email: `${username}@test.com`,
        roleId: assertPresent(await users.roleId(role), `the role ${role} is seeded`),
        isActive: true,
        hashedPassword,
        apiKey: { hash: hashApiKey(key), createdAt, expiresAt },
        subscriptionTier: 'basic',
        initialCreditsMicros: 0,
        billingAddress: null,
        createdAt,
      });
    }
  });
}

/** Key of one of {@link ORIGINAL_ACCOUNTS}. */
export type OriginalKey = keyof typeof ORIGINAL_ACCOUNTS;

/**
 * Declares specs of the original's suites on both HTTP libraries: one application for all of them, with the accounts
 * they expect and predictions that succeed without a network.
 * @param config settings that make this suite's expectations meaningful
 * @param onCluster declares more specs for two processes of the API and two workers, with PostgreSQL, where these are also run
 */
export function describeOriginal(
  name: string,
  specs: (app: () => TestApp, adapter: AdapterName) => void,
  config: Readonly<Record<string, unknown>> = {},
  onCluster: ((cluster: () => TestCluster) => void) | null = null,
): void {
  const declare = <App extends TestApp>(
    adapter: AdapterName,
    start: (options: TestAppOptions) => Promise<App>,
    more: (app: () => App) => void = () => undefined,
  ): void => {
    let started: App | null = null;
    const running = (): App => assertPresent(started, 'the application runs inside of specs');
    beforeAll(async () => {
      const settings = { ...offlineSettings(), ...config };
      started = await start({ adapter, config: settings, seed: seedOriginalAccounts });
    }, 120_000);
    afterAll(() => started?.close());
    specs(running, adapter);
    more(running);
  };
  describeOnAdapters(name, (adapter) => declare(adapter, startTestApp));
  if (onCluster === null) return;
  describe(`${name} [two processes and two workers]`, () => {
    declare('fastify', (options) => TestCluster.start(options), onCluster);
  });
}

const BARS = 500;
const HOUR_MS = 3_600_000;
const FIRST_BAR = Date.UTC(2024, 0, 1);

/** Settings for predictions that succeed without a network: one generated file serves every symbol. */
export function offlineSettings(): Readonly<Record<string, unknown>> {
  const path = join(runFolder(), `original-bars-${process.pid}.csv`);
  writeFileSync(path, offlineBars());
  return { data_source: 'file', data_file_path: path };
}

/** Hourly bars around 100 that rise and fall without chance. */
function offlineBars(): string {
  const lines = ['DATE_TIME,OPEN,HIGH,LOW,CLOSE,VOLUME'];
  for (let bar = 0; bar < BARS; bar += 1) {
    const time = new Date(FIRST_BAR + bar * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ');
    const open = 100 + 5 * Math.sin(bar / 20);
    const close = 100 + 5 * Math.sin((bar + 1) / 20);
    const [low, high] = [Math.min(open, close) - 0.1, Math.max(open, close) + 0.1];
    lines.push([time, ...[open, high, low, close].map((price) => price.toFixed(4)), 1000 + bar].join(','));
  }
  return `${lines.join('\n')}\n`;
}
