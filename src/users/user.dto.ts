import {
  BooleanField,
  DateTimeField,
  EnumField,
  type FieldOptions,
  IntegerField,
  type Role,
  ROLES,
  StringField,
} from '#libs/http';
import { EMAIL_MAX_LENGTH, EMAIL_PATTERN } from '../accounts/accounts.port.js';

/** A name in an answer. */
const UsernameField = StringField({ description: 'Login name.', example: 'desk1' });

/** An address in a request. */
export const NewEmailField = (options: { readonly optional?: true; readonly description: string }) =>
  StringField({
    pattern: EMAIL_PATTERN,
    maxLength: EMAIL_MAX_LENGTH,
    format: 'email',
    example: 'desk1@example.com',
    ...options,
  });

export const RoleField = (options: FieldOptions<Role>) =>
  EnumField(ROLES, { name: 'Role', example: 'client', ...options });

/** `UserOut` of the contract. */
export class UserOut {
  @IntegerField({ description: 'Id of the account.', example: 7 }) id!: number;
  @UsernameField username!: string;

  @StringField({ format: 'email', description: 'E-mail address.', example: 'desk1@example.com' })
  email!: string;

  @BooleanField({ description: 'False for inactive accounts, which are refused everywhere.', example: true })
  isActive!: boolean;

  @RoleField({ description: 'Determines what the account may do.' }) role!: Role;
  @DateTimeField({ description: 'Time of creation.', example: '2026-01-05T09:00:00.000Z' }) createdAt!: Date;

  @StringField({
    from: ({ apiKey }: UserOut) => apiKey ?? null,
    nullable: true,
    description: 'API key; present only in the answer that creates the account, otherwise null.',
    example: null,
  })
  apiKey?: string | null;
}

/** A change of the own profile. */
export class ProfileChange {
  @NewEmailField({ optional: true, description: 'New e-mail address.' }) email?: string;
}
