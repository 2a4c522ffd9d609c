import {
  ADMINISTRATORS,
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  MAX_INTEGER,
  MoneyField,
  NestedField,
  PathIdField,
  type Role,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import {
  PASSWORD_MAX_LENGTH,
  PASSWORD_MIN_LENGTH,
  SUBSCRIPTION_TIERS,
  type SubscriptionTier,
  USERNAME_MAX_LENGTH,
  USERNAME_PATTERN,
} from '../accounts/accounts.port.js';
import type { Micros } from '../billing/billing.port.js';
import { NewEmailField, RoleField, UserOut } from './user.dto.js';

/** Names of accounts that are made with a password; without one a single character will do. */
const EXTENDED_USERNAME_MIN_LENGTH = 3;
/** Keeps the amount in micro-units far below 2^53. */
const MAX_CREDITS = 1_000_000_000;
const MAX_NOTES = 10_000;

type Address = Readonly<Record<string, string>>;
const AddressField = (options: { readonly optional?: true; readonly default?: null } = {}) =>
  MapField(StringField({ maxLength: 500 }), { ...address, ...options });
const address = {
  nullable: true,
  description: 'Postal address for invoices, as named lines.',
  example: { street: '1 Main Street', city: 'Springfield', country: 'US' },
};

const MAX_ADDRESS_LINES = 20;
const isShortAddress = ({ billingAddress }: { billingAddress?: object | null }) =>
  Object.keys(billingAddress ?? {}).length <= MAX_ADDRESS_LINES
    ? undefined
    : ruleViolation(`an address has at most ${MAX_ADDRESS_LINES} lines`, 'billing_address');

const TierField = (options: {
  readonly optional?: true;
  readonly default?: SubscriptionTier;
  readonly example: SubscriptionTier;
}) =>
  EnumField(SUBSCRIPTION_TIERS, {
    name: 'SubscriptionTier',
    description: 'Subscription tier; limits the number of unfinished marketplace orders.',
    ...options,
  });

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

  @NewEmailField({ description: 'E-mail address.' }) email!: string;

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
  isActive!: boolean;

  @TierField({ default: 'basic', example: 'basic' }) subscriptionTier!: SubscriptionTier;

  @MoneyField({
    wire: 'initial_credits',
    default: 0,
    min: 0,
    max: MAX_CREDITS,
    description: 'Initial credits, in USD.',
    example: 100,
  })
  initialCreditsMicros!: Micros;

  @AddressField({ default: null }) billingAddress!: Address | null;
}

/** The new account with what is shown this once. */
export class CreatedUserOut extends UserOut {
  @TierField({ example: 'basic' }) subscriptionTier!: SubscriptionTier;

  @StringField({
    optional: true,
    description: 'The generated password if none was given; shown only in this answer.',
    example: 'k3Jf0sQz7yT1aBcD',
  })
  initialPassword?: string;
}

/** Which accounts to list. Without any of these the answer is a bare array. */
export class ListUsersQuery {
  @RoleField({
    wire: 'role',
    read: (role: Role) => (role === 'administrator' || role === 'admin' ? ADMINISTRATORS : [role]),
    optional: true,
    description: 'Return only accounts with this role.',
  })
  roles?: readonly Role[];

  @BooleanField({ optional: true, description: 'True: active ones; false: inactive ones.', example: true })
  isActive?: boolean;

  @TierField({ optional: true, example: 'basic' }) subscriptionTier?: SubscriptionTier;

  @DateTimeField({
    optional: true,
    description: 'Return only accounts created after this time.',
    example: '2026-01-01T00:00:00Z',
  })
  createdAfter?: Date;

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
    max: MAX_INTEGER,
    description: 'Accounts to skip; 0 if absent.',
    example: 0,
  })
  offset?: number;
}

/** An account in a listing. */
export class ListedUserOut extends UserOut {
  @TierField({ example: 'basic' }) subscriptionTier!: SubscriptionTier;

  @DateTimeField({
    nullable: true,
    description: 'Time of the last login with a password; null if there was none.',
    example: '2026-01-05T09:00:00.000Z',
  })
  lastLogin!: Date | null;

  @IntegerField({
    wire: 'total_predictions',
    description: 'Number of marketplace orders of the account.',
    example: 0,
  })
  orders!: number;

  @MoneyField({
    wire: 'total_spent',
    description: 'Total cost of the settled marketplace orders, in USD.',
    example: 31.25,
  })
  spent!: Micros;

  @MoneyField({
    wire: 'available_credits',
    description: 'Available credits, in USD; negative if money is owed.',
    example: 68.75,
  })
  available!: Micros;

  @AddressField() billingAddress!: Address | null;

  @StringField({ nullable: true, description: 'Notes of the administrators.', example: null })
  notes!: string | null;
}

/** A page of accounts. */
export class UserPageOut {
  @ListField(NestedField(ListedUserOut), { description: 'The accounts, oldest first.' })
  users!: readonly ListedUserOut[];

  @IntegerField({ description: 'Number of accounts that match the filter.', example: 1 }) totalCount!: number;

  @IntegerField({ description: 'Number of active accounts, ignoring the filter.', example: 1 })
  activeUsers!: number;

  @IntegerField({ description: 'Accounts created this month (UTC), ignoring the filter.', example: 1 })
  newUsersThisMonth!: number;
}

/** An account's name in a path. */
export class UsernameParam {
  @StringField({ description: 'Name of the account.', example: 'desk1' }) username!: string;
}

/** An account's number in a path. */
export class UserIdParam {
  @PathIdField({ description: 'Id of the account.', example: 7 }) userId!: number;
}

/** What to change of an account. */
@Rule<UpdateUserRequest>(isShortAddress)
export class UpdateUserRequest {
  @BooleanField({ optional: true, description: 'True to activate, false to deactivate.', example: true })
  isActive?: boolean;

  @TierField({ optional: true, example: 'premium' }) subscriptionTier?: SubscriptionTier;
  @RoleField({ optional: true, description: 'New role; revokes all tokens.' }) role?: Role;

  @StringField({
    optional: true,
    maxLength: MAX_NOTES,
    multiline: true,
    description: 'Notes for administrators.',
    example: 'Moved to the premium desk',
  })
  notes?: string;

  @AddressField({ optional: true }) billingAddress?: Address | null;
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
  notifyUser!: boolean;
}
