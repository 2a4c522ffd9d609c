import { Module } from '@nestjs/common';
import { LedgerModule } from '../billing/ledger.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AdminUsersController } from './admin-users.controller.js';
import { ListUsers } from './list-users.service.js';
import { ManageUsers } from './manage-users.service.js';
import { ProfileController } from './profile.controller.js';
import { Profile } from './profile.service.js';

/** Accounts over HTTP: profiles and user management. With the ledger, so that an account's first credits are granted. */
@Module({
  imports: [AccountsModule, LedgerModule],
  controllers: [ProfileController, AdminUsersController],
  providers: [ListUsers, ManageUsers, Profile],
  exports: [AccountsModule],
})
export class UsersModule {}
