import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  ROLES,
  type Role,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import { UserOut } from './user.dto.js';
import {
  EMAIL_MAX_LENGTH,
  EMAIL_PATTERN,
  PASSWORD_MAX_LENGTH,
  PASSWORD_MIN_LENGTH,
  SUBSCRIPTION_TIERS,
  type SubscriptionTier,
  USERNAME_MAX_LENGTH,
  USERNAME_PATTERN,
} from '../accounts/accounts.port.js';

/** Names of accounts that are made with a password; without one a single character will do. */
const EXTENDED_USERNAME_MIN_LENGTH = 3;
/** Keeps the amount in micro-units far below 2^53. */
const MAX_CREDITS = 1_000_000_000;
const MAX_NOTES = 10_000;
/** PostgreSQL's integer. */
const MAX_ID = 2_147_483_647;

const addressLine = StringField({ maxLength: 500 });
const address = {
  nullable: true,
  description: 'Postal address for invoices, as named lines.',
  example: { street: '1 Main Street', city: 'Springfield', country: 'US' },
};

const MAX_ADDRESS_LINES = 20;
const isShortAddress = ({ billing_address }: { billing_address?: object | null }) =>
  Object.keys(billing_address ?? {}).length <= MAX_ADDRESS_LINES
    ? undefined
    : ruleViolation(`an address has at most ${MAX_ADDRESS_LINES} lines`, 'billing_address');

const tier = {
  name: 'SubscriptionTier',
  description: 'Subscription tier; limits the number of unfinished marketplace orders.',
} as const;

/**
 * An account to be made. Without `password`: inactive until activated, with a random first password in the answer.
 * With one: active unless `is_active` says otherwise.
 */
@Rule<CreateUserRequest>(({ username, password }) =>
  password === undefined || username.length >= EXTENDED_USERNAME_MIN_LENGTH
    ? undefined
    : {
        type: 'string_too_short',
        loc: ['username'],
        msg: `String should have at least ${EXTENDED_USERNAME_MIN_LENGTH} characters`,
        input: username,
        ctx: { min_length: EXTENDED_USERNAME_MIN_LENGTH },
      },
)
@Rule<CreateUserRequest>(isShortAddress)
export class CreateUserRequest {
  @StringField({
    minLength: 1,
    maxLength: USERNAME_MAX_LENGTH,
    pattern: USERNAME_PATTERN,
    description: 'Login name; at least 3 characters if `password` is given.',
    example: 'desk1',
  })
  username!: string;

  @StringField({
    pattern: EMAIL_PATTERN,
    maxLength: EMAIL_MAX_LENGTH,
    format: 'email',
    description: 'E-mail address.',
    example: 'desk1@example.com',
  })
  email!: string;

  @StringField({
    default: 'client',
    description: 'Role: `administrator`, `admin`, `provider`, `client`, `evaluator`, `operator` or `guest`.',
    example: 'client',
  })
  role!: string;

  @StringField({
    optional: true,
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
    secret: true,
    description: 'Initial password. If absent, a random password is generated and returned once.',
    example: 'correct horse battery staple',
  })
  password?: string;

  @BooleanField({ default: true, description: 'Ignored unless `password` is given.', example: true })
  is_active!: boolean;

  @EnumField(SUBSCRIPTION_TIERS, { ...tier, default: 'basic', example: 'basic' })
  subscription_tier!: SubscriptionTier;

  @NumberField({
    default: 0,
    min: 0,
    max: MAX_CREDITS,
    description: 'Initial credits, in USD.',
    example: 100,
  })
  initial_credits!: number;

  @MapField(addressLine, { ...address, default: null })
  billing_address!: Readonly<Record<string, string>> | null;
}

/** The new account with what is shown this once. */
export class CreatedUserOut extends UserOut {
  @EnumField(SUBSCRIPTION_TIERS, { ...tier, example: 'basic' })
  subscription_tier!: SubscriptionTier;

  @StringField({
    optional: true,
    description: 'The generated password if none was given; shown only in this answer.',
    example: 'k3Jf0sQz7yT1aBcD',
  })
  initial_password?: string;
}

/** Which accounts to list. Without any of these the answer is a bare array. */
export class ListUsersQuery {
  @EnumField(ROLES, {
    name: 'Role',
    optional: true,
    description: 'Return only this role.',
    example: 'client',
  })
  role?: Role;

  @BooleanField({ optional: true, description: 'Return only active or inactive accounts.', example: true })
  is_active?: boolean;

  @EnumField(SUBSCRIPTION_TIERS, { ...tier, optional: true, example: 'basic' })
  subscription_tier?: SubscriptionTier;

  @DateTimeField({
    optional: true,
    description: 'Return only accounts created after this time.',
    example: '2026-01-01T00:00:00Z',
  })
  created_after?: Date;

  @StringField({
    optional: true,
    maxLength: 254,
    description: 'Return only accounts whose name or e-mail address contains this text, ignoring case.',
    example: 'desk',
  })
  search?: string;

  @IntegerField({
    optional: true,
    min: 1,
    max: 100,
    description: 'Maximum number of accounts; 50 if absent.',
    example: 50,
  })
  limit?: number;

  @IntegerField({
    optional: true,
    min: 0,
    max: MAX_ID,
    description: 'Accounts to skip; 0 if absent.',
    example: 0,
  })
  offset?: number;
}

/** An account in a listing. */
export class ListedUserOut extends UserOut {
  @EnumField(SUBSCRIPTION_TIERS, { ...tier, example: 'basic' })
  subscription_tier!: SubscriptionTier;

  @DateTimeField({
    nullable: true,
    description: 'Time of the last login with a password; null if there was none.',
    example: '2026-01-05T09:00:00.000Z',
  })
  last_login!: Date | null;

  @IntegerField({ description: 'Number of marketplace orders of the account.', example: 0 })
  total_predictions!: number;

  @NumberField({ description: 'Total cost of the settled marketplace orders, in USD.', example: 31.25 })
  total_spent!: number;

  @NumberField({ description: 'Available credits, in USD; negative if money is owed.', example: 68.75 })
  available_credits!: number;

  @MapField(addressLine, address)
  billing_address!: Readonly<Record<string, string>> | null;

  @StringField({ nullable: true, description: 'Notes of the administrators.', example: null })
  notes!: string | null;
}

/** A page of accounts. */
export class UserPageOut {
  @ListField(NestedField(ListedUserOut), { description: 'The accounts, oldest first.' })
  users!: readonly ListedUserOut[];

  @IntegerField({ description: 'Number of accounts that match the filter.', example: 1 })
  total_count!: number;

  @IntegerField({ description: 'Number of active accounts, ignoring the filter.', example: 1 })
  active_users!: number;

  @IntegerField({ description: 'Accounts created this month (UTC), ignoring the filter.', example: 1 })
  new_users_this_month!: number;
}

/** An account's name in a path. */
export class UsernameParam {
  @StringField({ description: 'Name of the account.', example: 'desk1' })
  username!: string;
}

/** An account's number in a path. */
export class UserIdParam {
  @IntegerField({ min: 1, max: MAX_ID, description: 'Id of the account.', example: 7 })
  user_id!: number;
}

/** What to change of an account. */
@Rule<UpdateUserRequest>(isShortAddress)
export class UpdateUserRequest {
  @BooleanField({ optional: true, description: 'True to activate, false to deactivate.', example: true })
  is_active?: boolean;

  @EnumField(SUBSCRIPTION_TIERS, { ...tier, optional: true, example: 'premium' })
  subscription_tier?: SubscriptionTier;

  @EnumField(ROLES, {
    name: 'Role',
    optional: true,
    description: 'New role; revokes all tokens.',
    example: 'client',
  })
  role?: Role;

  @StringField({
    optional: true,
    maxLength: MAX_NOTES,
    multiline: true,
    description: 'Notes for administrators.',
    example: 'Moved to the premium desk',
  })
  notes?: string;

  @MapField(addressLine, { ...address, optional: true })
  billing_address?: Readonly<Record<string, string>> | null;
}

const REMOVALS = ['deactivate', 'delete'] as const;

/** How to end an account. */
export class RemoveUserQuery {
  @EnumField(REMOVALS, {
    name: 'Removal',
    default: 'deactivate',
    description: '`delete` also removes the API key and hides the account; its name stays reserved.',
    example: 'deactivate',
  })
  action!: (typeof REMOVALS)[number];

  @BooleanField({ default: true, description: 'Accepted for compatibility; no mail is sent.', example: true })
  notify_user!: boolean;
}
