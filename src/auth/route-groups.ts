import { isRouteGroup, type RouteGroup } from '#libs/config';

/** Core predictions, wherever their routes are mounted: versioned, `secure/`, `auth/` and the legacy pair. */
const PREDICTIONS = /^\/(api\/v1\/((secure\/|auth\/)?predictions(\/|$)|predict\/?$)|predict\/?$|status\/)/;
/** The questions that are answered at once. */
const SYNCHRONOUS = /^\/api\/v1\/(predict\/|model\/)/;

/** Tensors in, tensors out. */
const INFERENCE = /^\/v2(\/|$)/;

/** The group of a route, by its template: mostly the word after `/api/v1/`. */
export function routeGroupOf(path: string): RouteGroup {
  if (PREDICTIONS.test(path)) return 'predictions';
  if (SYNCHRONOUS.test(path)) return 'sync';
  if (INFERENCE.test(path)) return 'inference';
  const name = /^\/api\/v1\/([^/]+)/.exec(path)?.[1] ?? '';
  return isRouteGroup(name) ? name : 'other';
}
