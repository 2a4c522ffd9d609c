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
  description: 'Address for invoices, line by name.',
  example: { street: '1 Main Street', city: 'Springfield', country: 'US' },
};

const MAX_ADDRESS_LINES = 20;
const isShortAddress = ({ billing_address }: { billing_address?: object | null }) =>
  Object.keys(billing_address ?? {}).length <= MAX_ADDRESS_LINES
    ? undefined
    : ruleViolation(`an address has at most ${MAX_ADDRESS_LINES} lines`, 'billing_address');

const tier = { name: 'SubscriptionTier', description: 'What the account pays for.' } as const;

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
    description: 'Name to log in with; at least 3 characters when `password` is given.',
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

  @StringField({ default: 'client', description: 'Name of one of the seven roles.', example: 'client' })
  role!: string;

  @StringField({
    optional: true,
    minLength: PASSWORD_MIN_LENGTH,
    maxLength: PASSWORD_MAX_LENGTH,
    secret: true,
    description: 'First password. Absent: a random one, returned once.',
    example: 'correct horse battery staple',
  })
  password?: string;

  @BooleanField({ default: true, description: 'Counts only together with `password`.', example: true })
  is_active!: boolean;

  @EnumField(SUBSCRIPTION_TIERS, { ...tier, default: 'basic', example: 'basic' })
  subscription_tier!: SubscriptionTier;

  @NumberField({
    default: 0,
    min: 0,
    max: MAX_CREDITS,
    description: 'Credits to begin with, in USD.',
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
    description: 'The random first password, when none was given; shown this once.',
    example: 'k3Jf0sQz7yT1aBcD',
  })
  initial_password?: string;
}

/** Which accounts to list. Without any of these the answer is a bare array. */
export class ListUsersQuery {
  @EnumField(ROLES, { name: 'Role', optional: true, description: 'Only this role.', example: 'client' })
  role?: Role;

  @BooleanField({ optional: true, description: 'Only active, or only inactive, accounts.', example: true })
  is_active?: boolean;

  @EnumField(SUBSCRIPTION_TIERS, { ...tier, optional: true, example: 'basic' })
  subscription_tier?: SubscriptionTier;

  @DateTimeField({
    optional: true,
    description: 'Only accounts made later.',
    example: '2026-01-01T00:00:00Z',
  })
  created_after?: Date;

  @StringField({
    optional: true,
    maxLength: 254,
    description: 'Part of the name or e-mail address.',
    example: 'desk',
  })
  search?: string;

  @IntegerField({
    optional: true,
    min: 1,
    max: 100,
    description: 'Most accounts of the answer; 50 when absent.',
    example: 50,
  })
  limit?: number;

  @IntegerField({
    optional: true,
    min: 0,
    max: MAX_ID,
    description: 'Accounts to skip; 0 when absent.',
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
    description: 'Last login with the password.',
    example: '2026-01-05T09:00:00.000Z',
  })
  last_login!: Date | null;

  @IntegerField({ description: 'Marketplace requests of the account.', example: 0 })
  total_predictions!: number;

  @NumberField({ description: 'Whole costs of settled marketplace requests, in USD.', example: 31.25 })
  total_spent!: number;

  @NumberField({ description: 'Credits to spend, in USD; below zero what is owed.', example: 68.75 })
  available_credits!: number;

  @MapField(addressLine, address)
  billing_address!: Readonly<Record<string, string>> | null;

  @StringField({ nullable: true, description: 'Remarks of administrators.', example: null })
  notes!: string | null;
}

/** A page of accounts. */
export class UserPageOut {
  @ListField(NestedField(ListedUserOut), { description: 'The accounts, oldest first.' })
  users!: readonly ListedUserOut[];

  @IntegerField({ description: 'Accounts that the filter lets through.', example: 1 })
  total_count!: number;

  @IntegerField({ description: 'Active accounts, whatever the filter.', example: 1 })
  active_users!: number;

  @IntegerField({ description: 'Accounts made this month (UTC), whatever the filter.', example: 1 })
  new_users_this_month!: number;
}

/** An account's name in a path. */
export class UsernameParam {
  @StringField({ description: 'Name of the account.', example: 'desk1' })
  username!: string;
}

/** An account's number in a path. */
export class UserIdParam {
  @IntegerField({ min: 1, max: MAX_ID, description: 'Number of the account.', example: 7 })
  user_id!: number;
}

/** What to change of an account. */
@Rule<UpdateUserRequest>(isShortAddress)
export class UpdateUserRequest {
  @BooleanField({ optional: true, description: 'Activate or deactivate.', example: true })
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
    description: 'Remarks for administrators.',
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
    description: '`delete` also takes the key away and hides the account; its name stays taken.',
    example: 'deactivate',
  })
  action!: (typeof REMOVALS)[number];

  @BooleanField({ default: true, description: 'Accepted; no mail is sent.', example: true })
  notify_user!: boolean;
}
