import type { INestApplicationContext } from '@nestjs/common';
import type { AppConfig } from '#libs/config';
import type { Transaction } from '#libs/database';
import { type Actor, AppError, microsOf } from '#libs/kernel';
import { Accounts, Credentials, type User, userNotFound } from '../../accounts/accounts.port.js';
import { UserRepository } from '../../accounts/user.repository.js';
import { UserAdministration } from '../../accounts/user-administration.service.js';
import { AccountsModule } from '../../accounts/accounts.module.js';
import { CreditGrants, HOME_CURRENCY } from '../../billing/billing.port.js';
import { LedgerModule } from '../../billing/ledger.module.js';
import { withDomains } from '../domain-context.js';
import { type Command, print } from './command.js';
import { listing, table } from './terminal.js';

/** `users create NAME --email ... [--role client] [--password ...]` */
export const createUser: Command = (config, line) =>
  config.demo ? createDemoUsers(config) : createOneUser(config, line);

/** The parties of the marketplace with keys to try the API with, each active at once. */
const createDemoUsers = (config: AppConfig): Promise<number> => {
  const work = async (context: INestApplicationContext): Promise<number> => {
    const accounts = context.get<Accounts>(Accounts, { strict: false });
    const grants = context.get<CreditGrants>(CreditGrants, { strict: false });
    const rows = [['ACCOUNT', 'API KEY', 'WHAT IT OPENS']];
    for (const { role, opens } of DEMO_USERS) {
      const username = `demo-${role}`;
      const credits = async (tx: Transaction, { id: userId }: User): Promise<unknown> =>
        role === 'client' ? grants.grant(tx, { ...DEMO_CREDITS, userId, grantedBy: OPERATOR.userId }) : null;
      const order = { username, email: `${username}@localhost.localdomain`, role, isActive: true };
      const { apiKey } = await accounts.create(order, 'conflict', credits);
      rows.push([username, apiKey, opens]);
    }
    return print(`${listing(rows)}\nThe keys are shown only once. Press Authorize at /docs and paste one.`);
  };
  return withDomains(config, [AccountsModule, LedgerModule], work);
};

const DEMO_USERS = [
  { role: 'client', opens: 'predictions, orders, own money (100 USD of credits), webhooks' },
  { role: 'evaluator', opens: 'pending orders: claim, answer, earn' },
  { role: 'provider', opens: 'prices of models, earnings' },
];
const DEMO_CREDITS = { type: 'bonus', amount: microsOf(100), currency: HOME_CURRENCY } as const;

const createOneUser: Command = (config, { positionals }) =>
  administer(config, {}, async (users) => {
    const username = nameOf(positionals[0] ?? config.create_user ?? config.username);
    const { email, role, password } = config;
    if (email === null) throw new AppError('bad_request', '--email is required to create an account');
    const order = { username, email, role, ...(password === null ? {} : { password }) };
    const created = await users.create(order);
    const lines = [
      `Account "${username}" was created (${created.user.isActive ? 'active' : 'activate it with: users activate'}).`,
      `API key: ${created.apiKey}`,
      ...(created.initialPassword === null ? [] : [`Password: ${created.initialPassword}`]),
      'Both are shown only once.',
    ];
    return print(lines.join('\n'));
  });

/** `users activate NAME` */
export const activateUser: Command = (config, { positionals }) =>
  administer(config, EXISTING, async (users) => {
    const username = nameOf(positionals[0] ?? config.activate_user ?? config.username);
    await users.activate(username);
    return print(`Account "${username}" is active.`);
  });

/** `users deactivate NAME`; the last administrator stays. */
export const deactivateUser: Command = (config, { positionals }) =>
  withAccounts(config, EXISTING, async (context) => {
    const username = nameOf(positionals[0] ?? config.username);
    await context.get<Accounts>(Accounts, { strict: false }).deactivate(username, OPERATOR);
    return print(`Account "${username}" is not active; its tokens and its API key are refused.`);
  });

/** `users set-role NAME --role ROLE` */
export const setRole: Command = (config, { positionals }) =>
  withAccounts(config, EXISTING, async (context) => {
    const { role } = config;
    if (!config.given('role')) throw new AppError('bad_request', '--role is required to change a role');
    const user = await userNamed(context, nameOf(positionals[0] ?? config.username));
    await context.get<Accounts>(Accounts, { strict: false }).update(user.id, { role }, OPERATOR);
    return print(`Account "${user.username}" has the role ${role}.`);
  });

/** `users new-key NAME` */
export const newKey: Command = (config, { positionals }) =>
  withAccounts(config, EXISTING, async (context) => {
    const user = await userNamed(context, nameOf(positionals[0] ?? config.username));
    const issued = await context.get<Credentials>(Credentials, { strict: false }).issueApiKey(user.id);
    return print(
      `API key: ${issued.apiKey}\nIt is shown only once, ends in ${issued.expiresInDays} days, and replaces the one before.`,
    );
  });

/** `users show NAME` */
export const showUser: Command = (config, { positionals }) =>
  withAccounts(config, EXISTING, async (context) => {
    const user = await userNamed(context, nameOf(positionals[0] ?? config.username));
    const key = await context.get<Credentials>(Credentials, { strict: false }).describeApiKey(user.id);
    const facts: readonly (readonly [string, string])[] = [
      ['name', user.username],
      ['id', String(user.id)],
      ['e-mail', user.email],
      ['role', user.role],
      ['state', stateOf(user)],
      ['tier', user.subscriptionTier],
      ['created', user.createdAt.toISOString()],
      ['last login', momentOf(user.lastLogin)],
      ['API key made', momentOf(key?.createdAt)],
      ['API key ends', momentOf(key?.expiresAt)],
      ['API key used', momentOf(key?.lastUsedAt)],
    ];
    return print(table(facts).join('\n'));
  });

/** `users list [--role ROLE]`: a line for each account, oldest first. */
export const listUsers: Command = (config) =>
  withAccounts(config, EXISTING, async (context) => {
    const accounts = context.get<Accounts>(Accounts, { strict: false });
    const filter = config.given('role') ? { roles: [config.role] } : {};
    const rows: (readonly string[])[] = [['NAME', 'ROLE', 'STATE', 'LAST LOGIN', 'E-MAIL']];
    for (let offset = 0; ; offset += PAGE) {
      const users = await accounts.list(filter, { limit: PAGE, offset });
      rows.push(
        ...users.map((user) => [
          user.username,
          user.role,
          stateOf(user),
          momentOf(user.lastLogin),
          user.email,
        ]),
      );
      if (users.length < PAGE) return print(listing(rows));
    }
  });

const PAGE = 500;
/** Whoever may read the database's file or knows its password. No account is its own caller's. */
const OPERATOR: Actor = { userId: 0, username: 'command line', role: 'administrator' };
const stateOf = ({ isActive }: User): string => (isActive ? 'active' : 'inactive');
const momentOf = (moment: Date | null | undefined): string => moment?.toISOString() ?? 'never';

async function userNamed(context: INestApplicationContext, username: string): Promise<User> {
  const user = await context.get(UserRepository, { strict: false }).findByUsername(username);
  if (user === null) throw userNotFound();
  return user;
}

/** `users reset-password NAME [--new_password ...]` */
export const resetPassword: Command = (config, { positionals }) =>
  administer(config, EXISTING, async (users) => {
    const username = nameOf(positionals[0] ?? config.username);
    const random = await users.resetPassword(username, {
      ...(config.new_password === null ? {} : { new: config.new_password }),
      ...(config.old_password === null ? {} : { old: config.old_password }),
    });
    return print(
      `The password of "${username}" was changed and its tokens are revoked; its API key stays valid.` +
        (random === null ? '' : `\nPassword: ${random}\nIt is shown only once.`),
    );
  });

/** An account can be made before the first start, and its database with it; everything else needs one that is there. */
const EXISTING = { mustExist: true };

const administer = (
  config: AppConfig,
  options: { readonly mustExist?: boolean },
  work: (users: UserAdministration) => Promise<number>,
): Promise<number> =>
  withAccounts(config, options, (context) => work(context.get(UserAdministration, { strict: false })));

const withAccounts = (
  config: AppConfig,
  options: { readonly mustExist?: boolean },
  work: (context: INestApplicationContext) => Promise<number>,
): Promise<number> => withDomains(config, [AccountsModule], work, options);

function nameOf(name: string | null): string {
  if (name === null) throw new AppError('bad_request', 'the name of the account is missing');
  return name;
}
