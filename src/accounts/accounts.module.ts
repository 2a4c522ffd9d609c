import { Module } from '@nestjs/common';
import { CredentialRepository } from './credential.repository.js';
import { CredentialUses } from './credential-uses.js';
import { PasswordHasher } from './password-hasher.js';
import { StoredAccounts } from './stored-accounts.js';
import { StoredCredentials } from './stored-credentials.js';
import { UserAdministration } from './user-administration.service.js';
import { UserRepository } from './user.repository.js';
import { Accounts, Credentials, Subscriptions, TradingParties, UserDirectory } from './accounts.port.js';

const SERVICES = [
  UserRepository,
  CredentialRepository,
  PasswordHasher,
  CredentialUses,
  StoredCredentials,
  StoredAccounts,
  UserAdministration,
];

/** Accounts and their credentials without HTTP: what commands, the first start and the routes have in common. */
@Module({
  providers: [
    ...SERVICES,
    { provide: Accounts, useExisting: StoredAccounts },
    { provide: Credentials, useExisting: StoredCredentials },
    { provide: UserDirectory, useExisting: UserRepository },
    { provide: TradingParties, useExisting: UserRepository },
    { provide: Subscriptions, useExisting: UserRepository },
  ],
  exports: [...SERVICES, Accounts, Credentials, UserDirectory, TradingParties, Subscriptions],
})
export class AccountsModule {}
