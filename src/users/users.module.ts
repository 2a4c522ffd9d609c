import { Module } from '@nestjs/common';
import { LedgerModule } from '../billing/ledger.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AdminUsersController } from './admin-users.controller.js';
import { CreateUser } from './create-user.service.js';
import { ListUsers } from './list-users.service.js';
import { Profile, ProfileController } from './profile.controller.js';

/** Accounts over HTTP: profiles and user management. With the ledger, so that an account's first credits are granted. */
@Module({
  imports: [AccountsModule, LedgerModule],
  controllers: [ProfileController, AdminUsersController],
  providers: [ListUsers, CreateUser, Profile],
  exports: [AccountsModule],
})
export class UsersModule {}
