import { Module } from '@nestjs/common';
import { BootstrapAdministrator } from './bootstrap-administrator.js';
import { CONSOLE, terminal } from './console.port.js';
import { AccountsModule } from './accounts.module.js';

/** Makes the first administrator when a serving process starts; commands and workers leave it out. */
@Module({
  imports: [AccountsModule],
  providers: [BootstrapAdministrator, { provide: CONSOLE, useValue: terminal }],
})
export class FirstStartModule {}
