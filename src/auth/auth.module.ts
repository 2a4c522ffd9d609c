import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { AppConfig, secretKeyOf } from '#libs/config';
import { Database } from '#libs/database';
import { Clock } from '#libs/kernel';
import { RuntimeSettingsModule } from '../settings/runtime-settings.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AccessGuard } from './access.guard.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { AuthController, PasswordController } from './auth.controller.js';
import { ChangePassword } from './change-password.service.js';
import { LoginLimiter } from './login-limiter.js';
import { MemoryRateLimitStorage, RateLimitStorage } from './rate-limit-storage.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { SharedRateLimitStorage } from './shared-rate-limit.repository.js';
import { SignIn } from './sign-in.service.js';
import { TestModeController } from './test-mode.controller.js';
import { TOKEN_ALGORITHM, TokenStrategy } from './token.strategy.js';

/** Login, tokens, keys and the two guards in front of every route of the application: access first, then rate limits. */
@Module({
  imports: [
    AccountsModule,
    RuntimeSettingsModule,
    JwtModule.registerAsync({
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        secret: secretKeyOf(config),
        signOptions: { algorithm: TOKEN_ALGORITHM },
      }),
    }),
  ],
  controllers: [AuthController, PasswordController, TestModeController],
  providers: [
    ApiKeyStrategy,
    TokenStrategy,
    SignIn,
    ChangePassword,
    LoginLimiter,
    {
      provide: RateLimitStorage,
      inject: [Database, Clock],
      useFactory: (database: Database, clock: Clock): RateLimitStorage =>
        database.kind === 'postgres'
          ? new SharedRateLimitStorage(database, clock)
          : new MemoryRateLimitStorage(clock),
    },
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
  ],
})
export class AuthModule {}
