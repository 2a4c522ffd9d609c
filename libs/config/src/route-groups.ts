/** Groups of routes that `rate_limits` can name; `src/auth` tells which route is in which. */
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
  'inference',
  'other',
] as const;
export type RouteGroup = (typeof ROUTE_GROUPS)[number];

export const isRouteGroup = (name: string): name is RouteGroup =>
  ROUTE_GROUPS.some((group) => group === name);
