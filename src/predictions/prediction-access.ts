import { isAdministrator } from '#libs/http';
import type { Actor } from '#libs/kernel';

/** Which rows a caller reaches; the repository puts it into the WHERE clause of every list. */
export type PredictionScope =
  | { readonly kind: 'all' }
  /** The caller's own rows, and, on the flexible endpoints, reading ownerless ones too. */
  | { readonly kind: 'owner'; readonly userId: number; readonly andOwnerless: boolean }
  | { readonly kind: 'ownerless' };

/** Rows that `/api/v1/predictions/` lists. */
export function listScope(caller: Actor | null): PredictionScope {
  if (isAdministrator(caller)) return { kind: 'all' };
  return caller === null
    ? { kind: 'ownerless' }
    : { kind: 'owner', userId: caller.userId, andOwnerless: false };
}

/** Single rows on the flexible endpoints: signed-in callers may also read and delete ownerless rows. */
export function flexibleScope(caller: Actor | null): PredictionScope {
  const scope = listScope(caller);
  return scope.kind === 'owner' ? { ...scope, andOwnerless: true } : scope;
}

/** Whether the scope reaches the rows of this owner; null for ownerless rows. */
export function isReached(scope: PredictionScope, ownerId: number | null): boolean {
  if (scope.kind === 'all') return true;
  if (scope.kind === 'ownerless') return ownerId === null;
  return ownerId === scope.userId || (ownerId === null && scope.andOwnerless);
}
