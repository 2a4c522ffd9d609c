import { type Actor, currentContext } from '#libs/kernel';
import type { CredentialOwner } from '../accounts/accounts.port.js';

/**
 * The acting user behind a credential; lets the request's log line and audit row say who it was. The two names of the
 * administrator's role are one right.
 */
export function attribute({ userId, username, role }: CredentialOwner): Actor {
  const actor = { userId, username, role: role === 'admin' ? 'administrator' : role };
  const context = currentContext();
  if (context !== undefined) context.actor = actor;
  return actor;
}
