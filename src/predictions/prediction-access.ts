import { isAdministrator } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';

/** Which rows a caller reaches; repositories put it into every WHERE clause. */
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

export const accessDenied = () => new AppError('forbidden', 'Access denied', { code: 'not_owner' });
export const predictionNotFound = () =>
  new AppError('not_found', 'Prediction not found', { code: 'prediction_not_found' });
