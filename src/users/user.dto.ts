import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ROLES,
  StringField,
  type Role,
} from '#libs/http';
import { EMAIL_MAX_LENGTH, EMAIL_PATTERN } from '../accounts/accounts.port.js';

/** `UserOut` of the contract. */
export class UserOut {
  @IntegerField({ description: 'Id of the account.', example: 7 })
  id!: number;

  @StringField({ description: 'Login name.', example: 'desk1' })
  username!: string;

  @StringField({ format: 'email', description: 'E-mail address.', example: 'desk1@example.com' })
  email!: string;

  @BooleanField({ description: 'False for inactive accounts, which are refused everywhere.', example: true })
  is_active!: boolean;

  @EnumField(ROLES, { name: 'Role', description: 'Determines what the account may do.', example: 'client' })
  role!: Role;

  @DateTimeField({ description: 'Time of creation.', example: '2026-01-05T09:00:00.000Z' })
  created_at!: Date;

  @StringField({
    nullable: true,
    description: 'API key; present only in the answer that creates the account, otherwise null.',
    example: null,
  })
  api_key!: string | null;
}

/** A change of the own profile. */
export class ProfileChange {
  @StringField({
    optional: true,
    pattern: EMAIL_PATTERN,
    maxLength: EMAIL_MAX_LENGTH,
    format: 'email',
    description: 'New e-mail address.',
    example: 'desk1@example.com',
  })
  email?: string;
}
