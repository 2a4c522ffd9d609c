import { Injectable } from '@nestjs/common';
import { Database, placeholders, readSql, rowsOf, type Transaction } from '#libs/database';
import type { PageWindow, Role } from '#libs/http';
import { assertPresent } from '#libs/kernel';
import { type FindOptionsWhere, In, IsNull, MoreThan, Raw } from 'typeorm';
import { RoleEntity, UserEntity } from './user.entity.js';
import type { StoredApiKey } from './credential.repository.js';
import type {
  AccountUpdate,
  Payer,
  Subscriptions,
  SubscriptionTier,
  TradingParties,
  User,
  UserDirectory,
  UserFilter,
} from './accounts.port.js';

/** Everything a new row needs. */
export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly roleId: number;
  readonly isActive: boolean;
  readonly hashedPassword: string;
  readonly apiKey: StoredApiKey | null;
  readonly subscriptionTier: SubscriptionTier;
  readonly initialCreditsMicros: number;
  readonly billingAddress: Readonly<Record<string, string>> | null;
  readonly createdAt: Date;
  readonly lastLogin?: Date | null;
}

/** What can be changed of an account; `undefined` leaves a value as it is. */
export interface UserChange extends Omit<AccountUpdate, 'role'> {
  readonly email?: string;
  readonly roleId?: number;
  readonly hashedPassword?: string;
  readonly deletedAt?: Date;
  readonly hashedApiKey?: null;
  /** Raise the token version. */
  readonly revokeTokens?: boolean;
}

/** Accounts and their roles. Deleted accounts are found only by the methods that say so. */
@Injectable()
export class UserRepository implements UserDirectory, TradingParties, Subscriptions {
  #roles: ReadonlyMap<number, Role> | null = null;

  constructor(private readonly database: Database) {}

  /**
   * Makes all that decides who exists and who is an administrator wait its turn, by a write to one role's row:
   * a row lock on PostgreSQL, nothing more than the writer's turn on SQLite. Checks that follow see what was committed.
   */
  async takeAccountsLock(tx: Transaction): Promise<void> {
    await tx.manager.update(RoleEntity, { name: 'administrator' }, { name: 'administrator' });
  }

  async findById(id: number): Promise<User | null> {
    return this.#one({ id, deletedAt: IsNull() });
  }

  async findByUsername(username: string): Promise<User | null> {
    return this.#one({ username, deletedAt: IsNull() });
  }

  async #one(where: FindOptionsWhere<UserEntity>): Promise<User | null> {
    const row = await this.database.read.manager.findOneBy(UserEntity, where);
    return row === null ? null : userOf(row, await this.#roleNames());
  }

  /** By id, oldest account first. */
  async list(filter: UserFilter, { limit, offset }: PageWindow): Promise<User[]> {
    const rows = await rowsOf(this.database.readApart, UserEntity, {
      where: await this.#where(filter),
      order: { id: 'ASC' },
      limit,
      offset,
    });
    const names = await this.#roleNames();
    return rows.map((row) => userOf(row, names));
  }

  async count(filter: UserFilter = {}): Promise<number> {
    return this.database.readApart.manager.countBy(UserEntity, await this.#where(filter));
  }

  async counts(): Promise<{ readonly total: number; readonly active: number }> {
    const [total, active] = await Promise.all([this.count(), this.count({ isActive: true })]);
    return { total, active };
  }

  /** Whether anyone may administer, or could once activated. */
  async hasAdministrator(): Promise<boolean> {
    const roleIds = await this.#roleIds(['administrator', 'admin']);
    return this.database.read.manager.existsBy(UserEntity, { roleId: In(roleIds), deletedAt: IsNull() });
  }

  /** Whether a name is taken, by a deleted account too: its traces must not become somebody else's. */
  async usernameTaken(username: string): Promise<boolean> {
    return this.database.read.manager.existsBy(UserEntity, { username });
  }

  /** What tells the account with a name from others that had it elsewhere; deleted accounts included. */
  async identityOf(username: string): Promise<Pick<UserEntity, 'id' | 'email' | 'createdAt'> | null> {
    return this.database.read.manager.findOne(UserEntity, {
      where: { username },
      select: { id: true, email: true, createdAt: true },
    });
  }

  /** Whether an account has the key with this hash. */
  async apiKeyTaken(hashedApiKey: string): Promise<boolean> {
    return this.database.read.manager.existsBy(UserEntity, { hashedApiKey });
  }

  /** Whether an address is taken by another account than `exceptId`. */
  async emailTaken(email: string, exceptId?: number): Promise<boolean> {
    const row = await this.database.read.manager.findOne(UserEntity, {
      where: { email },
      select: { id: true },
    });
    return row !== null && row.id !== exceptId;
  }

  /** Administrators that can act: active, not deleted, under either name of the role. */
  async countActiveAdministrators(): Promise<number> {
    const roleIds = await this.#roleIds(['administrator', 'admin']);
    return this.database.read.manager.countBy(UserEntity, {
      roleId: In(roleIds),
      isActive: true,
      deletedAt: IsNull(),
    });
  }

  /** Null when there is no such role. */
  async roleId(name: string): Promise<number | null> {
    const [id] = await this.#roleIds([name]);
    return id ?? null;
  }

  async insert(tx: Transaction, user: NewUser): Promise<User> {
    const { apiKey, ...columns } = user;
    const row = await tx.manager.save(
      tx.manager.create(UserEntity, {
        ...columns,
        hashedApiKey: apiKey?.hash ?? null,
        apiKeyCreatedAt: apiKey?.createdAt ?? null,
        apiKeyExpiresAt: apiKey?.expiresAt ?? null,
        apiKeyLastUsedAt: null,
        tokenVersion: 0,
        notes: null,
        lastLogin: user.lastLogin ?? null,
        deletedAt: null,
      }),
    );
    return userOf(row, await this.#roleNames());
  }

  async update(tx: Transaction, id: number, change: UserChange): Promise<void> {
    const { revokeTokens = false, ...columns } = change;
    if (Object.keys(columns).length > 0) await tx.manager.update(UserEntity, { id }, columns);
    if (revokeTokens) await tx.manager.increment(UserEntity, { id }, 'tokenVersion', 1);
  }

  /** Deleted accounts included. */
  async idOf(username: string): Promise<number | null> {
    const row = await this.database.read.manager.findOne(UserEntity, {
      where: { username },
      select: { id: true },
    });
    return row?.id ?? null;
  }

  /** Names by id; deleted accounts included. */
  async usernames(ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    if (ids.length === 0) return new Map();
    const rows = await readSql<{ id: number; username: string }>(
      this.database.read,
      `SELECT id, username FROM users WHERE id IN (${placeholders(ids.length)})`,
      ids,
    );
    return new Map(rows.map((row) => [row.id, row.username]));
  }

  /** Those that are active and not deleted. */
  async activeAmong(ids: readonly number[]): Promise<ReadonlySet<number>> {
    if (ids.length === 0) return new Set();
    const rows = await readSql<{ id: number }>(
      this.database.read,
      `SELECT id FROM users WHERE id IN (${placeholders(ids.length)}) AND is_active AND deleted_at IS NULL`,
      ids,
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** `basic` for an unknown id. */
  async tierOf(id: number): Promise<SubscriptionTier> {
    const [row] = await readSql<{ tier: SubscriptionTier }>(
      this.database.read,
      'SELECT subscription_tier AS tier FROM users WHERE id = ?',
      [id],
    );
    return row?.tier ?? 'basic';
  }

  /** Name and address of an account, deleted ones included. */
  payer(id: number): Promise<Payer | null> {
    return this.database.read.manager.findOne(UserEntity, {
      where: { id },
      select: { id: true, username: true, email: true, billingAddress: true },
    });
  }

  async #where(filter: UserFilter): Promise<FindOptionsWhere<UserEntity>[]> {
    const both: FindOptionsWhere<UserEntity> = { deletedAt: IsNull() };
    if (filter.roles !== undefined) both.roleId = In(await this.#roleIds(filter.roles));
    if (filter.isActive !== undefined) both.isActive = filter.isActive;
    if (filter.subscriptionTier !== undefined) both.subscriptionTier = filter.subscriptionTier;
    if (filter.createdAfter !== undefined) both.createdAt = MoreThan(filter.createdAfter);
    if (filter.search === undefined) return [both];
    const pattern = `%${filter.search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    const contains = () => Raw((column) => `LOWER(${column}) LIKE LOWER(:pattern) ESCAPE '\\'`, { pattern });
    return [
      { ...both, username: contains() },
      { ...both, email: contains() },
    ];
  }

  /** Roles never change after the migration, so they are read once. */
  async #roleNames(): Promise<ReadonlyMap<number, Role>> {
    if (this.#roles === null) {
      const rows = await this.database.read.manager.find(RoleEntity);
      this.#roles = new Map(rows.map((row) => [row.id, row.name as Role]));
    }
    return this.#roles;
  }

  async #roleIds(names: readonly string[]): Promise<number[]> {
    return [...(await this.#roleNames())].filter(([, name]) => names.includes(name)).map(([id]) => id);
  }
}

function userOf(row: UserEntity, roles: ReadonlyMap<number, Role>): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    role: assertPresent(roles.get(row.roleId), 'every account has a seeded role'),
    isActive: row.isActive,
    subscriptionTier: row.subscriptionTier,
    billingAddress: row.billingAddress,
    notes: row.notes,
    createdAt: row.createdAt,
    lastLogin: row.lastLogin,
  };
}
