import { Module } from '@nestjs/common';
import { BootstrapAdministrator, Console } from './bootstrap-administrator.js';
import { AccountsModule } from './accounts.module.js';

/** Makes the first administrator when a serving process starts; commands and workers leave it out. */
@Module({
  imports: [AccountsModule],
  providers: [BootstrapAdministrator, Console],
})
export class FirstStartModule {}
