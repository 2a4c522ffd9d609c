import { BooleanField, DateTimeField, EnumField, IntegerField, StringField } from '#libs/http';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../accounts/accounts.port.js';

const MAX_USERNAME = 256;

/** A name and its password. */
export class LoginRequest {
  @StringField({ maxLength: MAX_USERNAME, description: 'Name of the account.', example: 'desk2' })
  username!: string;

  @StringField({
    maxLength: PASSWORD_MAX_LENGTH,
    secret: true,
    description: 'Password of the account.',
    example: 'correct horse battery staple',
  })
  password!: string;
}

/** A login token for `Authorization: Bearer`. */
export class TokenOut {
  @StringField({ description: 'JWT, signed with HS256.', example: 'eyJhbGciOiJIUzI1NiIs...' })
  accessToken!: string;

  @EnumField(['bearer'], {
    always: 'bearer',
    description: 'Scheme of the `Authorization` header, always `bearer`.',
    example: 'bearer',
  })
  tokenType?: 'bearer';
}

/** A new API key; shown this once. */
export class ApiKeyOut {
  @StringField({ description: 'API key for the header `X-API-KEY`.', example: 'pp_5wq0...' }) apiKey!: string;
  @IntegerField({ description: 'Number of days until the key expires.', example: 90 }) expiresInDays!: number;
}

/** What is known of the caller's key; never the key itself. */
export class ApiKeyInfoOut {
  @DateTimeField({ nullable: true, description: 'Time of issue.', example: '2026-01-05T09:00:00.000Z' })
  createdAt!: Date | null;

  @DateTimeField({
    nullable: true,
    description: 'Time at which the key expires; null for an imported key that never expires.',
    example: '2026-04-05T09:00:00.000Z',
  })
  expiresAt!: Date | null;

  @DateTimeField({
    nullable: true,
    description:
      'Time of the last use, recorded with a delay of up to 30 seconds; null if the key was never used.',
    example: '2026-01-06T10:30:00.000Z',
  })
  lastUsedAt!: Date | null;
}

/** A change of the own password. */
export class PasswordChange {
  @StringField({
    maxLength: PASSWORD_MAX_LENGTH,
    secret: true,
    description: 'Current password.',
    example: 'correct horse battery staple',
  })
  oldPassword!: string;

  @StringField({
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
    secret: true,
    description: 'New password, at least 8 characters.',
    example: 'a longer horse battery staple',
  })
  newPassword!: string;

  @BooleanField({
    default: false,
    description: 'Also remove your API key, for example because it may have leaked with the password.',
    example: false,
  })
  revokeApiKey!: boolean;
}
