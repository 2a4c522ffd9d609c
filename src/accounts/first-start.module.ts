import { Module, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { assertPresent, Clock } from '#libs/kernel';
import { AccountsModule } from './accounts.module.js';
import { PasswordHasher } from './password-hasher.js';
import { randomPassword } from './stored-accounts.js';
import { StoredCredentials } from './stored-credentials.js';
import { UserRepository } from './user.repository.js';

/** Nobody reads mail there; the administrator changes it in the profile. */
const EMAIL = 'administrator@localhost.localdomain';

/** The terminal of whoever started the process. Never part of the log, so that secrets may be shown once. */
@Injectable()
class Console {
  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}

/**
 * The first start: with no administrator in the database one is made, whoever else is there: an account that was made
 * before the first start, or imported, must not cost the one that ADMIN_USERNAME and its like describe. Of several processes that start together
 * exactly one makes it, and only that one prints the random password: once, on the console, never into a log.
 */
@Injectable()
export class BootstrapAdministrator implements OnApplicationBootstrap {
  constructor(
    private readonly users: UserRepository,
    private readonly credentials: StoredCredentials,
    private readonly hasher: PasswordHasher,
    private readonly transactions: TransactionRunner,
    private readonly config: AppConfig,
    private readonly console: Console,
    private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.run();
  }

  /** @returns whether this process made the administrator */
  async run(): Promise<boolean> {
    if (await this.users.hasAdministrator()) return false;
    const { admin_username: username, admin_password: given, admin_api_key: apiKey } = this.config;
    if (await this.users.usernameTaken(username)) {
      if (await this.users.hasAdministrator()) return false; // another process has just made it
      this.console.print(
        `There is no administrator, and "${username}" is the name of another account. ` +
          'Set ADMIN_USERNAME, or run: prediction-provider users create NAME --email ADDRESS --role administrator',
      );
      return false;
    }
    const password = given ?? randomPassword();
    const hashedPassword = await this.hasher.hash(password);
    const isMine = await this.#insertUnlessThereIsOne(username, hashedPassword, apiKey);
    if (isMine && given === null) {
      this.console.print(
        `First start: administrator "${username}" was created with the password ${password}\n` +
          'It is shown only once. Change it with PUT /api/v1/users/password.',
      );
    }
    return isMine;
  }

  #insertUnlessThereIsOne(username: string, hashedPassword: string, apiKey: string | null): Promise<boolean> {
    const key = apiKey === null ? null : this.credentials.newKey(apiKey);
    return this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      if (await this.users.hasAdministrator()) return false;
      if (await this.users.usernameTaken(username)) return false;
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

/** Makes the first administrator when a serving process starts; commands and workers leave it out. */
@Module({
  imports: [AccountsModule],
  providers: [BootstrapAdministrator, Console],
})
export class FirstStartModule {}
