import type { AppConfig } from '#libs/config';
import { AppError } from '#libs/kernel';
import { UserAdministration } from '../../accounts/user-administration.service.js';
import { AccountsModule } from '../../accounts/accounts.module.js';
import { withDomains } from '../domain-context.js';
import { type Command, print } from './command.js';

/** `users create NAME --email ... [--role client] [--password ...]` */
export const createUser: Command = (config, { positionals }) =>
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
  withDomains(
    config,
    [AccountsModule],
    (context) => work(context.get(UserAdministration, { strict: false })),
    options,
  );

function nameOf(name: string | null): string {
  if (name === null) throw new AppError('bad_request', 'the name of the account is missing');
  return name;
}
