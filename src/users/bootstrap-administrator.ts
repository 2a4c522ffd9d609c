import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type AppConfig, APP_CONFIG } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { assertPresent, type Clock, CLOCK } from '#libs/kernel';
import { CONSOLE, type Console } from './console.port.js';
import { randomPassword } from './create-user.service.js';
import { PasswordHasher } from './password-hasher.js';
import { StoredCredentials } from './stored-credentials.js';
import { UserRepository } from './user.repository.js';

/** Nobody reads mail there; the administrator changes it in the profile. */
const EMAIL = 'administrator@localhost.localdomain';

type FirstStartConfig = Pick<AppConfig, 'admin_username' | 'admin_password' | 'admin_api_key'>;

/**
 * The first start: with no account in the database an administrator is made. Of several processes that start together
 * exactly one makes it, and only that one prints the random password: once, on the console, never into a log.
 */
@Injectable()
export class BootstrapAdministrator implements OnApplicationBootstrap {
  constructor(
    private readonly users: UserRepository,
    private readonly credentials: StoredCredentials,
    private readonly hasher: PasswordHasher,
    private readonly transactions: TransactionRunner,
    @Inject(APP_CONFIG) private readonly config: FirstStartConfig,
    @Inject(CONSOLE) private readonly console: Console,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.run();
  }

  /** @returns whether this process made the administrator */
  async run(): Promise<boolean> {
    if (await this.users.hasAny()) return false;
    const { admin_username: username, admin_password: given, admin_api_key: apiKey } = this.config;
    const password = given ?? randomPassword();
    const hashedPassword = await this.hasher.hash(password);
    const isMine = await this.#insertUnlessAnyoneExists(username, hashedPassword, apiKey);
    if (isMine && given === null) {
      this.console(
        `First start: administrator "${username}" was created with the password ${password}\n` +
          'It is shown this once. Change it with PUT /api/v1/users/password.',
      );
    }
    return isMine;
  }

  #insertUnlessAnyoneExists(
    username: string,
    hashedPassword: string,
    apiKey: string | null,
  ): Promise<boolean> {
    const key = apiKey === null ? null : this.credentials.newKey(apiKey);
    return this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      if (await this.users.hasAny(tx)) return false;
      await this.users.insert(tx, {
        username,
        email: EMAIL,
        roleId: assertPresent(await this.users.roleId('administrator'), 'all roles are seeded'),
        isActive: true,
        hashedPassword,
        apiKey: key,
        subscriptionTier: 'basic',
        initialCreditsMicros: 0,
        billingAddress: null,
        createdAt: new Date(this.clock.now()),
      });
      return true;
    });
  }
}
