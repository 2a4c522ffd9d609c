import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { METHOD_METADATA } from '@nestjs/common/internal';
import { ROLES, type AccessPolicy, type Role } from '#libs/http';
import { type HttpAnswer } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiDocument } from '../../src/app/swagger/api-document.js';
import { type Account, Accounts } from './accounts.js';
import { pathWith, routesOf, type WalkedRoute } from './walked-routes.js';
import { startTestApp, type TestApp } from '../harness/app.js';

/** Whoever calls, and with what. */
type Caller =
  | { readonly kind: 'anonymous' | 'empty key' | 'unknown key' | 'bad token' }
  | { readonly kind: 'expired' | 'inactive' | 'token of inactive'; readonly account: Account }
  | { readonly kind: 'role' | 'token'; readonly role: Role; readonly account: Account };

/** The texts with which the access guard refuses; a handler's own 401 or 403 says something else. */
const REFUSALS =
  /^(API key required|API key cannot be empty|Invalid API key|API key has expired|Invalid or expired token|User account is not active|Insufficient permissions\. Required roles: .*)$/;

const isAdmin = (role: Role): boolean => role === 'admin' || role === 'administrator';
const mayEnter = ({ roles = [] }: AccessPolicy, role: Role): boolean =>
  roles.length === 0 || roles.includes(role) || (isAdmin(role) && roles.some(isAdmin));

/** What the contract says about a caller on a route, told from the policy alone. */
function expected({ policy }: WalkedRoute, caller: Caller, requireAuth: boolean): string {
  const { mode, roles = [] } = policy;
  if (mode === 'public') return 'admitted';
  const refusal = mode === 'flexible' ? 403 : 401;
  switch (caller.kind) {
    case 'anonymous':
      if (mode === 'strict') return '401 API key required';
      return requireAuth ? '403 API key required' : 'admitted';
    case 'empty key':
      return mode === 'strict' ? '401 API key required' : `${refusal} API key cannot be empty`;
    case 'unknown key':
      return `${refusal} Invalid API key`;
    case 'bad token':
      return '401 Invalid or expired token';
    case 'expired':
      return `${refusal} API key has expired`;
    case 'inactive':
    case 'token of inactive':
      return `${refusal} User account is not active`;
    case 'role':
    case 'token':
      return mayEnter(policy, caller.role)
        ? 'admitted'
        : `403 Insufficient permissions. Required roles: ${roles.join(', ')}`;
  }
}

function observed({ status, body }: HttpAnswer): string {
  const { detail } = (body ?? {}) as { detail?: unknown };
  const isRefusal = (status === 401 || status === 403) && typeof detail === 'string' && REFUSALS.test(detail);
  return isRefusal ? `${status} ${detail}` : status === 500 ? '500' : 'admitted';
}

describe.each([false, true])('every route, with require_auth=%s', (requireAuth) => {
  let app: TestApp;
  let accounts: Accounts;
  let routes: readonly WalkedRoute[];
  beforeAll(async () => {
    const config = { core_plugin: 'sync_core', require_auth: requireAuth, skip_background_tasks: true };
    app = await startTestApp({ config });
    accounts = new Accounts(app);
    routes = routesOf(apiDocument(app.app));
  });
  afterAll(() => app.close());

  /**
   * Sends a request that harms nothing: a body that is not taken, an object that is not there, an account that is
   * thrown away. What comes back tells whether the guard let it through.
   */
  const call = (route: WalkedRoute, caller: Caller) =>
    app.request(route.method, pathWith(route.template, 'no-such-thing'), {
      ...(route.hasBody && { body: 'null' }),
      headers: { ...headersOf(caller), Prefer: 'wait=0' },
    });

  const walk = async (callerOf: (index: number) => Caller) => {
    const outcomes = await Promise.all(
      routes.map(async (route, index) => {
        const caller = callerOf(index);
        const [should, is] = [expected(route, caller, requireAuth), observed(await call(route, caller))];
        return should === is ? [] : [`${route.method} ${route.template}: ${is} instead of ${should}`];
      }),
    );
    return outcomes.flat();
  };

  it('declares a policy', () => {
    expect(routes.length).toBeGreaterThan(20);
    const modes = new Set(routes.map(({ policy }) => policy.mode));
    expect([...modes].sort()).toEqual(['flexible', 'predict', 'public', 'strict']);
  });

  it('is in the API description, or could not be walked', () => {
    const described = new Set(routes.map(({ operation }) => operation));
    expect(handlersOf(app).filter((name) => !described.has(name))).toEqual([]);
  });

  it.each(['anonymous', 'empty key', 'unknown key', 'bad token'] as const)(
    'answers %s as its policy says',
    (kind) => expect(walk(() => ({ kind }))).resolves.toEqual([]),
  );

  it('refuses an expired key and an inactive account as its policy says', async () => {
    const expired = await accounts.make('client', { isExpired: true });
    const inactive = await accounts.make('client', { isActive: false });
    const signedIn = await accounts.make('client', { isActive: false });
    expect(await walk(() => ({ kind: 'expired', account: expired }))).toEqual([]);
    expect(await walk(() => ({ kind: 'inactive', account: inactive }))).toEqual([]);
    expect(await walk(() => ({ kind: 'token of inactive', account: signedIn }))).toEqual([]);
  });

  const walkAs = async (kind: 'role' | 'token', role: Role) => {
    const expendable = await accounts.makeMany(role, routes.length);
    return walk((index) => ({ kind, role, account: expendable[index] as Account }));
  };

  it.each(requireAuth ? (['client'] as const) : ROLES)('admits %s by key as its policy says', (role) =>
    expect(walkAs('role', role)).resolves.toEqual([]),
  );

  it.each(['client', 'administrator'] as const)('admits %s by token as its policy says', (role) =>
    expect(walkAs('token', role)).resolves.toEqual([]),
  );
});

function headersOf(caller: Caller): Record<string, string> {
  switch (caller.kind) {
    case 'anonymous':
      return {};
    case 'empty key':
      return { 'X-API-KEY': '' };
    case 'unknown key':
      return { 'X-API-KEY': 'pp_nobody' };
    case 'bad token':
      return { Authorization: 'Bearer nonsense' };
    case 'token':
    case 'token of inactive':
      return { Authorization: `Bearer ${caller.account.token}` };
    default:
      return { 'X-API-KEY': caller.account.apiKey };
  }
}

/** `Controller_method` of every handler that Nest serves, told from the controllers and not from the description. */
function handlersOf({ app }: TestApp): string[] {
  const scanner = new MetadataScanner();
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  return controllers.flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype = metatype.prototype as Record<string, object>;
    return scanner
      .getAllMethodNames(prototype)
      .filter((name) => Reflect.hasMetadata(METHOD_METADATA, prototype[name] ?? {}))
      .map((name) => `${metatype.name.replace(/Controller$/, '')}_${name}`);
  });
}
