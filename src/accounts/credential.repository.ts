import { Injectable } from '@nestjs/common';
import { Database, placeholders, runSql, type Transaction } from '#libs/database';
import type { Role } from '#libs/http';
import type { ApiKeyInfo, ApiKeyOwner, CredentialOwner, NewSession, SessionOwner } from './accounts.port.js';

interface OwnerRow {
  readonly id: number;
  readonly username: string;
  readonly role: Role;
  /** 0 or 1 on SQLite. */
  readonly is_active: boolean | number;
}

/** The secrets of one account, for a password check. */
export interface PasswordHolder extends CredentialOwner {
  readonly hashedPassword: string;
}

/** What is stored of an API key. */
export interface StoredApiKey {
  readonly hash: string;
  readonly createdAt: Date;
  /** Null, as an imported key has it, for never. */
  readonly expiresAt: Date | null;
}

/** Networks that are remembered of an account; a person on the move logs in from a few. */
const MAX_NETWORKS = 20;

const OWNER = 'u.id, u.username, u.is_active, r.name AS role';
const moment = (text: string | null): Date | null => (text === null ? null : new Date(text));

const ownerOf = (row: OwnerRow): CredentialOwner => ({
  userId: row.id,
  username: row.username,
  role: row.role,
  isActive: Boolean(row.is_active),
});

/**
 * Keys, passwords and sessions. The two lookups of the access guard are plain statements over a unique index, because
 * they run for each request: 8 µs on SQLite, where the same through an entity takes 25 to 40 µs. That is cheap enough
 * to need no cache, so a revoked credential is refused on the very next request, by every process.
 */
@Injectable()
export class CredentialRepository {
  constructor(private readonly database: Database) {}

  /** Owners of keys by the keys' hashes; unknown hashes are left out. */
  async byApiKeyHashes(hashes: readonly string[]): Promise<ReadonlyMap<string, ApiKeyOwner>> {
    const rows = await runSql<OwnerRow & { hashed_api_key: string; api_key_expires_at: string | null }>(
      this.database.read,
      `SELECT ${OWNER}, u.hashed_api_key, u.api_key_expires_at FROM users u JOIN roles r ON r.id = u.role_id
       WHERE u.hashed_api_key IN (${placeholders(hashes.length)}) AND u.deleted_at IS NULL`,
      hashes,
    );
    return new Map(
      rows.map((row) => [
        row.hashed_api_key,
        {
          ...ownerOf(row),
          expiresAtMs: row.api_key_expires_at === null ? null : Date.parse(row.api_key_expires_at),
        },
      ]),
    );
  }

  /** Owners of sessions by the sessions' ids; unknown ids are left out. */
  async bySessions(ids: readonly string[]): Promise<ReadonlyMap<string, SessionOwner>> {
    const rows = await runSql<
      OwnerRow & { session_id: string; token_version: number; is_open: boolean | number }
    >(
      this.database.read,
      `SELECT ${OWNER}, u.token_version, s.id AS session_id, s.is_active AS is_open
       FROM user_sessions s JOIN users u ON u.id = s.user_id JOIN roles r ON r.id = u.role_id
       WHERE s.id IN (${placeholders(ids.length)}) AND u.deleted_at IS NULL`,
      ids,
    );
    return new Map(
      rows.map((row) => [
        row.session_id,
        { ...ownerOf(row), tokenVersion: row.token_version, isOpen: Boolean(row.is_open) },
      ]),
    );
  }

  async passwordByUsername(username: string): Promise<PasswordHolder | null> {
    return this.#password('u.username = ?', username);
  }

  async passwordById(userId: number): Promise<PasswordHolder | null> {
    return this.#password('u.id = ?', userId);
  }

  async #password(where: string, value: string | number): Promise<PasswordHolder | null> {
    const [row] = await runSql<OwnerRow & { hashed_password: string }>(
      this.database.read,
      `SELECT ${OWNER}, u.hashed_password FROM users u JOIN roles r ON r.id = u.role_id
       WHERE ${where} AND u.deleted_at IS NULL`,
      [value],
    );
    return row === undefined ? null : { ...ownerOf(row), hashedPassword: row.hashed_password };
  }

  /** Replaces a hash only while it is still the one that was checked. False when somebody was faster. */
  async replacePassword(
    tx: Transaction,
    userId: number,
    { from, to, revokeTokens }: { from: string; to: string; revokeTokens: boolean },
  ): Promise<boolean> {
    const version = revokeTokens ? ', token_version = token_version + 1' : '';
    const rows = await runSql(
      tx,
      `UPDATE users SET hashed_password = ?${version}
       WHERE id = ? AND hashed_password = ? AND deleted_at IS NULL RETURNING id`,
      [to, userId, from],
    );
    return rows.length === 1;
  }

  /** @returns the account's token version */
  async openSession(tx: Transaction, session: NewSession, now: Date): Promise<number> {
    const at = now.toISOString();
    const rows = await runSql<{ token_version: number }>(
      tx,
      'UPDATE users SET last_login = ? WHERE id = ? RETURNING token_version',
      [at, session.userId],
    );
    await runSql(tx, 'DELETE FROM user_sessions WHERE user_id = ? AND expires_at < ?', [session.userId, at]);
    await runSql(
      tx,
      `INSERT INTO user_sessions (id, user_id, ip_address, user_agent, created_at, last_activity, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [
        session.id,
        session.userId,
        session.address,
        session.userAgent,
        at,
        at,
        session.expiresAt.toISOString(),
      ],
    );
    return rows[0]?.token_version ?? 0;
  }

  async closeSession(tx: Transaction, id: string): Promise<void> {
    await runSql(tx, 'UPDATE user_sessions SET is_active = FALSE WHERE id = ?', [id]);
  }

  async knowsNetwork(username: string, network: string, since: Date): Promise<boolean> {
    const rows = await runSql(
      this.database.read,
      `SELECT n.user_id FROM known_networks n JOIN users u ON u.id = n.user_id
       WHERE u.username = ? AND u.deleted_at IS NULL AND n.network = ? AND n.last_login_at >= ?`,
      [username, network, since.toISOString()],
    );
    return rows.length > 0;
  }

  /** Notes a login from a network; those from before `since` and beyond the newest {@link MAX_NETWORKS} are forgotten. */
  async rememberNetwork(
    tx: Transaction,
    { userId, network, at, since }: { userId: number; network: string; at: Date; since: Date },
  ): Promise<void> {
    await runSql(
      tx,
      `INSERT INTO known_networks (user_id, network, last_login_at) VALUES (?, ?, ?)
       ON CONFLICT (user_id, network) DO UPDATE SET last_login_at = excluded.last_login_at`,
      [userId, network, at.toISOString()],
    );
    await runSql(
      tx,
      `DELETE FROM known_networks WHERE user_id = ? AND (last_login_at < ? OR network NOT IN
         (SELECT network FROM known_networks WHERE user_id = ? ORDER BY last_login_at DESC, network LIMIT ?))`,
      [userId, since.toISOString(), userId, MAX_NETWORKS],
    );
  }

  async forgetNetworks(tx: Transaction, userId: number): Promise<void> {
    await runSql(tx, 'DELETE FROM known_networks WHERE user_id = ?', [userId]);
  }

  async removeApiKey(tx: Transaction, userId: number): Promise<void> {
    await runSql(tx, 'UPDATE users SET hashed_api_key = NULL WHERE id = ?', [userId]);
  }

  async setApiKey(tx: Transaction, userId: number, key: StoredApiKey): Promise<boolean> {
    const rows = await runSql(
      tx,
      `UPDATE users SET hashed_api_key = ?, api_key_created_at = ?, api_key_expires_at = ?,
         api_key_last_used_at = NULL
       WHERE id = ? AND deleted_at IS NULL RETURNING id`,
      [key.hash, key.createdAt.toISOString(), key.expiresAt?.toISOString() ?? null, userId],
    );
    return rows.length === 1;
  }

  async describeApiKey(userId: number): Promise<ApiKeyInfo | null> {
    const [row] = await runSql<Record<'created' | 'expires' | 'used', string | null>>(
      this.database.read,
      `SELECT api_key_created_at AS created, api_key_expires_at AS expires, api_key_last_used_at AS used
       FROM users WHERE id = ? AND hashed_api_key IS NOT NULL`,
      [userId],
    );
    if (row === undefined) return null;
    return { createdAt: moment(row.created), expiresAt: moment(row.expires), lastUsedAt: moment(row.used) };
  }

  /** Stores when keys and sessions were last used; `at` is epoch ms by user or session id. */
  async storeUses(
    tx: Transaction,
    uses: { readonly keys: ReadonlyMap<number, number>; readonly sessions: ReadonlyMap<string, number> },
  ): Promise<void> {
    for (const [at, ids] of byMoment(uses.keys)) {
      await runSql(
        tx,
        `UPDATE users SET api_key_last_used_at = ? WHERE hashed_api_key IS NOT NULL AND id IN (${placeholders(ids.length)})`,
        [at, ...ids],
      );
    }
    for (const [at, ids] of byMoment(uses.sessions)) {
      await runSql(
        tx,
        `UPDATE user_sessions SET last_activity = ? WHERE id IN (${placeholders(ids.length)})`,
        [at, ...ids],
      );
    }
  }
}

/** Ids grouped by the moment, at most 500 a statement. */
function byMoment<Id>(uses: ReadonlyMap<Id, number>): (readonly [string, readonly Id[]])[] {
  const groups = new Map<number, Id[]>();
  for (const [id, at] of uses) {
    const group = groups.get(at);
    if (group === undefined) groups.set(at, [id]);
    else group.push(id);
  }
  return [...groups].flatMap(([at, ids]) => {
    const parts = Array.from({ length: Math.ceil(ids.length / 500) }, (_, part) =>
      ids.slice(part * 500, (part + 1) * 500),
    );
    return parts.map((some) => [new Date(at).toISOString(), some] as const);
  });
}
