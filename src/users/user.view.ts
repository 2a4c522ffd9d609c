import { ADMINISTRATORS, Page, MessageOut, SuccessOut } from '#libs/http';
import { microsOf, moneyOf } from '#libs/kernel';
import type {
  AccountUpdate,
  CreatedAccount,
  NewAccount,
  User,
  UserFilter,
} from '../accounts/accounts.port.js';
import type {
  CreatedUserOut,
  CreateUserRequest,
  ListedUserOut,
  ListUsersQuery,
  UpdateUserRequest,
  UserPageOut,
} from './admin-user.dto.js';
import type { ListedUser, UserPage } from './list-users.service.js';
import type { UserOut } from './user.dto.js';

export const presentUser = (user: User): UserOut => ({
  id: user.id,
  username: user.username,
  email: user.email,
  is_active: user.isActive,
  role: user.role,
  created_at: user.createdAt,
  api_key: null,
});

export const presentCreated = ({ user, apiKey, initialPassword }: CreatedAccount): CreatedUserOut => ({
  ...presentUser(user),
  api_key: apiKey,
  subscription_tier: user.subscriptionTier,
  ...(initialPassword !== null && { initial_password: initialPassword }),
});

const presentListed = (user: ListedUser): ListedUserOut => ({
  ...presentUser(user),
  subscription_tier: user.subscriptionTier,
  last_login: user.lastLogin,
  total_predictions: user.orders,
  total_spent: moneyOf(user.spent),
  available_credits: moneyOf(user.available),
  billing_address: user.billingAddress,
  notes: user.notes,
});

export const presentList = (users: readonly ListedUser[], total: number): Page<ListedUserOut> =>
  new Page(users.map(presentListed), { offset: 0 }, total > users.length, total);

export const presentUserPage = (page: UserPage): UserPageOut => ({
  users: page.users.map(presentListed),
  total_count: page.totalCount,
  active_users: page.activeUsers,
  new_users_this_month: page.newUsersThisMonth,
});

export const presentChange = (user: User, done: string): MessageOut => ({
  message: `User '${user.username}' ${done}`,
});

export const presentSuccess = (user: User, done: string): SuccessOut => ({
  success: true,
  ...presentChange(user, done),
});

/** The simple form (no password) is inactive, the extended one as asked. */
export const accountOf = (body: CreateUserRequest, activateAtOnce: boolean): NewAccount => ({
  username: body.username,
  email: body.email,
  role: body.role,
  ...(body.password !== undefined && { password: body.password }),
  isActive: body.password === undefined ? activateAtOnce : body.is_active,
  subscriptionTier: body.subscription_tier,
  initialCreditsMicros: microsOf(body.initial_credits),
  billingAddress: body.billing_address,
});

export const updateOf = (body: UpdateUserRequest): AccountUpdate => ({
  ...(body.is_active !== undefined && { isActive: body.is_active }),
  ...(body.role !== undefined && { role: body.role }),
  ...(body.subscription_tier !== undefined && { subscriptionTier: body.subscription_tier }),
  ...(body.notes !== undefined && { notes: body.notes }),
  ...(body.billing_address !== undefined && { billingAddress: body.billing_address }),
});

/** Null when nothing was asked for: then the answer is the bare array. */
export function filterOf(query: ListUsersQuery): UserFilter | null {
  if (Object.values(query).every((value) => value === undefined)) return null;
  const { role, is_active: isActive, subscription_tier: subscriptionTier } = query;
  const { created_after: createdAfter, search } = query;
  return {
    ...(role !== undefined && {
      roles: role === 'administrator' || role === 'admin' ? ADMINISTRATORS : [role],
    }),
    ...(isActive !== undefined && { isActive }),
    ...(subscriptionTier !== undefined && { subscriptionTier }),
    ...(createdAfter !== undefined && { createdAfter }),
    ...(search !== undefined && { search }),
  };
}
