import { KeptFigures } from '#libs/database';
import type { AppConfig } from '#libs/config';
import type { Database, TransactionRunner } from '#libs/database';
import type { Actor } from '#libs/kernel';
import { configOf, FakeClock } from '#libs/testing';
import { BillingRecordRepository } from '../../../src/billing/billing-record.repository.js';
import { ScoreHoldRepository } from '../../../src/billing/score-hold.repository.js';
import { LedgerRepository } from '../../../src/billing/ledger.repository.js';
import { BootstrapAdministrator } from '../../../src/accounts/first-start.module.js';
import { CredentialRepository } from '../../../src/accounts/credential.repository.js';
import { CredentialUses } from '../../../src/accounts/credential-uses.js';
import { ListUsers } from '../../../src/users/list-users.service.js';
import { PasswordHasher } from '../../../src/accounts/password-hasher.js';
import { Profile } from '../../../src/users/profile.controller.js';
import { StoredAccounts } from '../../../src/accounts/stored-accounts.js';
import { StoredCredentials } from '../../../src/accounts/stored-credentials.js';
import { UserAdministration } from '../../../src/accounts/user-administration.service.js';
import type { User } from '../../../src/accounts/accounts.port.js';
import { UserRepository } from '../../../src/accounts/user.repository.js';
import type { TestDatabase } from '../../harness/databases.js';

export const PASSWORD = 'correct horse battery staple';

/** Passwords are hashed at the least cost. */
export const accountConfig = (flags: Readonly<Record<string, unknown>> = {}): AppConfig =>
  configOf({ password_hash_cost: 4, ...flags });

export const actorOf = (user: User): Actor => ({ userId: user.id, username: user.username, role: user.role });

/** The accounts' services over a real database, as one process has them. */
export class AccountBench {
  readonly printed: string[] = [];
  readonly users: UserRepository;
  readonly repository: CredentialRepository;
  readonly hasher: PasswordHasher;
  readonly uses: CredentialUses;
  readonly credentials: StoredCredentials;
  readonly accounts: StoredAccounts;
  readonly listing: ListUsers;
  readonly profile: Profile;
  readonly administration: UserAdministration;
  readonly bootstrap: BootstrapAdministrator;

  constructor(
    { database, transactions }: Pick<TestDatabase, 'transactions'> & { database: Database },
    readonly config: AppConfig = accountConfig(),
    readonly clock = new FakeClock(),
  ) {
    this.users = new UserRepository(database);
    this.repository = new CredentialRepository(database);
    this.hasher = new PasswordHasher(config);
    this.uses = new CredentialUses(this.repository, transactions, clock);
    this.credentials = new StoredCredentials(
      this.repository,
      this.hasher,
      this.uses,
      transactions,
      clock,
      config,
    );
    this.accounts = new StoredAccounts(
      this.users,
      this.credentials,
      this.hasher,
      transactions,
      clock,
      config,
    );
    const turnover = new BillingRecordRepository(
      database,
      new KeptFigures(database),
      new ScoreHoldRepository(database, new KeptFigures(database)),
    );
    this.listing = new ListUsers(
      this.accounts,
      clock,
      turnover,
      new LedgerRepository(database, new KeptFigures(database)),
    );
    this.profile = new Profile(this.accounts);
    this.administration = this.#administration(transactions);
    this.bootstrap = new BootstrapAdministrator(
      this.users,
      this.credentials,
      this.hasher,
      transactions,
      config,
      { print: (text) => this.printed.push(text) },
      clock,
    );
  }

  /** An active account; the name makes the address. */
  async account(username: string, role = 'client'): Promise<{ user: User; apiKey: string }> {
    return this.accounts.create(
      { username, email: `${username}@example.com`, role, password: PASSWORD, isActive: true },
      'bad_request',
    );
  }

  #administration(transactions: TransactionRunner): UserAdministration {
    const { accounts, users, repository, hasher, config } = this;
    return new UserAdministration(accounts, users, repository, hasher, transactions, config);
  }
}
