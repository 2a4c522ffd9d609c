/** Groups of routes that `rate_limits` can name. */
export const ROUTE_GROUPS = [
  'predictions',
  'sync',
  'auth',
  'users',
  'admin',
  'plugins',
  'client',
  'evaluator',
  'provider',
  'billing',
  'other',
] as const;
export type RouteGroup = (typeof ROUTE_GROUPS)[number];

const isRouteGroup = (name: string): name is RouteGroup => ROUTE_GROUPS.some((group) => group === name);

/** Core predictions, wherever their routes are mounted: versioned, `secure/`, `auth/` and the legacy pair. */
const PREDICTIONS = /^\/(api\/v1\/((secure\/|auth\/)?predictions(\/|$)|predict\/?$)|predict\/?$|status\/)/;
/** The questions that are answered at once. */
const SYNCHRONOUS = /^\/api\/v1\/(predict\/|model\/)/;

/** The group of a route, by its template: mostly the word after `/api/v1/`. */
export function routeGroupOf(path: string): RouteGroup {
  if (PREDICTIONS.test(path)) return 'predictions';
  if (SYNCHRONOUS.test(path)) return 'sync';
  const name = /^\/api\/v1\/([^/]+)/.exec(path)?.[1] ?? '';
  return isRouteGroup(name) ? name : 'other';
}
