import { Module } from '@nestjs/common';
import { ChangeUser } from './change-user.service.js';
import { CreateUser } from './create-user.service.js';
import { CredentialRepository } from './credential.repository.js';
import { CredentialUses } from './credential-uses.js';
import { PasswordHasher } from './password-hasher.js';
import { StoredCredentials } from './stored-credentials.js';
import { StoredUserDirectory } from './stored-user-directory.js';
import { UserAdministration } from './user-administration.service.js';
import { UserRepository } from './user.repository.js';
import { CREDENTIALS, SUBSCRIPTIONS, TRADING_PARTIES, USER_DIRECTORY } from './users.port.js';

const SERVICES = [
  UserRepository,
  CredentialRepository,
  PasswordHasher,
  CredentialUses,
  StoredCredentials,
  StoredUserDirectory,
  CreateUser,
  ChangeUser,
  UserAdministration,
];

/** Accounts and their credentials without HTTP: what commands, the first start and the routes have in common. */
@Module({
  providers: [
    ...SERVICES,
    { provide: CREDENTIALS, useExisting: StoredCredentials },
    { provide: USER_DIRECTORY, useExisting: StoredUserDirectory },
    { provide: TRADING_PARTIES, useExisting: StoredUserDirectory },
    { provide: SUBSCRIPTIONS, useExisting: StoredUserDirectory },
  ],
  exports: [...SERVICES, CREDENTIALS, USER_DIRECTORY, TRADING_PARTIES, SUBSCRIPTIONS],
})
export class AccountsModule {}
