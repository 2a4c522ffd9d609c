import { Module } from '@nestjs/common';
import { AdminUsersController } from './admin-users.controller.js';
import { ChangeUser } from './change-user.service.js';
import { CreateUser } from './create-user.service.js';
import { CredentialRepository } from './credential.repository.js';
import { CredentialUses } from './credential-uses.js';
import { ListUsers } from './list-users.service.js';
import { ManageUsers } from './manage-users.service.js';
import { PasswordHasher } from './password-hasher.js';
import { ProfileController } from './profile.controller.js';
import { Profile } from './profile.service.js';
import { StoredCredentials } from './stored-credentials.js';
import { UserAdministration } from './user-administration.service.js';
import { UserRepository } from './user.repository.js';
import { StoredUserDirectory } from './stored-user-directory.js';
import { CREDENTIALS, TRADING_PARTIES, USER_DIRECTORY } from './users.port.js';

/** Accounts, profiles, user management, and the credentials that `auth` checks. */
@Module({
  controllers: [ProfileController, AdminUsersController],
  providers: [
    UserRepository,
    CredentialRepository,
    PasswordHasher,
    CredentialUses,
    StoredCredentials,
    StoredUserDirectory,
    CreateUser,
    ChangeUser,
    ListUsers,
    ManageUsers,
    Profile,
    UserAdministration,
    { provide: CREDENTIALS, useExisting: StoredCredentials },
    { provide: USER_DIRECTORY, useExisting: StoredUserDirectory },
    { provide: TRADING_PARTIES, useExisting: StoredUserDirectory },
  ],
  exports: [
    CREDENTIALS,
    USER_DIRECTORY,
    TRADING_PARTIES,
    UserAdministration,
    UserRepository,
    StoredCredentials,
    PasswordHasher,
  ],
})
export class UsersModule {}
