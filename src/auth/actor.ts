import type { Actor } from '#libs/kernel';
import { currentContext } from '#libs/kernel';
import type { CredentialOwner } from '../accounts/accounts.port.js';

/** The acting user behind a credential. The two names of the administrator's role are one right. */
export const actorOf = ({ userId, username, role }: CredentialOwner): Actor => ({
  userId,
  username,
  role: role === 'admin' ? 'administrator' : role,
});

/** Lets the request's log line and audit row say who it was. */
export function attribute(owner: CredentialOwner): Actor {
  const actor = actorOf(owner);
  const context = currentContext();
  if (context !== undefined) context.actor = actor;
  return actor;
}
