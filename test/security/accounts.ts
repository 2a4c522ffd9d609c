import { JwtService } from '@nestjs/jwt';
import { TransactionRunner } from '#libs/database';
import type { Role } from '#libs/http';
import { assertPresent, newSecret, newUuid } from '#libs/kernel';
import { hashApiKey } from '../../src/accounts/api-key.js';
import { UserRepository } from '../../src/accounts/user.repository.js';
import { Credentials } from '../../src/accounts/accounts.port.js';
import type { TestApp } from '../harness/app.js';

/** Somebody to call with. */
export interface Account {
  readonly id: number;
  readonly username: string;
  readonly apiKey: string;
  readonly token: string;
}

export interface AccountWishes {
  readonly isActive?: boolean;
  readonly isExpired?: boolean;
}

const HOUR_MS = 3_600_000;

/** Makes accounts without the ceremony of the API: hundreds of them in one transaction, each with a key and a token. */
export class Accounts {
  readonly #users: UserRepository;
  readonly #transactions: TransactionRunner;
  readonly #credentials: Credentials;
  readonly #jwt: JwtService;

  constructor({ app }: TestApp) {
    this.#users = app.get(UserRepository, { strict: false });
    this.#transactions = app.get(TransactionRunner, { strict: false });
    this.#credentials = app.get<Credentials>(Credentials, { strict: false });
    this.#jwt = app.get(JwtService, { strict: false });
  }

  async make(role: Role, wishes: AccountWishes = {}): Promise<Account> {
    return assertPresent((await this.makeMany(role, 1, wishes))[0], 'one was made');
  }

  makeMany(role: Role, count: number, wishes: AccountWishes = {}): Promise<Account[]> {
    return this.#transactions.run(async () => {
      const accounts: Account[] = [];
      for (let made = 0; made < count; made += 1) accounts.push(await this.#one(role, wishes));
      return accounts;
    });
  }

  async #one(role: Role, { isActive = true, isExpired = false }: AccountWishes): Promise<Account> {
    const apiKey = newSecret();
    const username = `${role}_${newSecret(6)}`;
    const now = Date.now();
    const user = await this.#transactions.run(async (tx) =>
      this.#users.insert(tx, {
        username,
        email: `${newSecret(9)}@example.com`,
        roleId: assertPresent(await this.#users.roleId(role), `the role ${role} is seeded`),
        isActive,
        hashedPassword: 'no password opens this account',
        apiKey: {
          hash: hashApiKey(apiKey),
          createdAt: new Date(now - 2 * HOUR_MS),
          expiresAt: new Date(isExpired ? now - HOUR_MS : now + HOUR_MS),
        },
        subscriptionTier: 'basic',
        initialCreditsMicros: 0,
        billingAddress: null,
        createdAt: new Date(now),
      }),
    );
    return { id: user.id, username, apiKey, token: await this.#token(user.id, username, now) };
  }

  async #token(userId: number, username: string, nowMs: number): Promise<string> {
    const id = newUuid();
    const expiresAt = new Date(nowMs + HOUR_MS);
    const session = { id, userId, address: '127.0.0.1', network: '127.0.0.1', userAgent: null, expiresAt };
    const ver = await this.#credentials.openSession(session);
    const seconds = (ms: number): number => Math.floor(ms / 1000);
    return this.#jwt.sign({
      sub: username,
      iat: seconds(nowMs),
      exp: seconds(nowMs + HOUR_MS),
      jti: id,
      ver,
    });
  }
}
