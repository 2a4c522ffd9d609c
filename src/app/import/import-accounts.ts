import type { Transaction, OriginalRow } from '#libs/database';
import { assertPresent, newSecret } from '#libs/kernel';
import { USERNAME_MAX_LENGTH, USERNAME_PATTERN, EMAIL_MAX_LENGTH } from '../../accounts/accounts.port.js';
import { PasswordHasher } from '../../accounts/password-hasher.js';
import type { UserRepository } from '../../accounts/user.repository.js';
import type { ImportReport } from './import-report.js';
import { holdsZero, momentIn, numberIn, inQuotes, textIn } from './original-values.js';

const KIND = 'users';
const KEYS = 'API keys';
const KEY_HASH = /^[0-9a-f]{64}$/;
/** What nobody can abuse; for roles that this service does not have. */
const LEAST_ROLE = 'guest';

/** Ids here by ids there, of the users that are here now. */
export type UserIds = ReadonlyMap<number, number>;

interface Sources {
  readonly users: Iterable<OriginalRow>;
  readonly roles: Iterable<OriginalRow>;
}

/**
 * Brings users with their roles, passwords and API keys. One with the same name and the same address or moment of creation
 * was brought before.
 */
export class ImportAccounts {
  readonly #ids = new Map<number, number>();
  #nobodysHash: Promise<string> | null = null;

  constructor(
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly report: ImportReport,
  ) {}

  async run(tx: Transaction, { users, roles }: Sources, now: Date): Promise<UserIds> {
    await this.users.takeAccountsLock(tx);
    const names = new Map([...roles].map(({ id, name }) => [id, textIn(name) ?? '']));
    this.report.taken(KIND, 0);
    this.report.taken(KEYS, 0);
    for (const row of users) {
      const reason = await this.#take(tx, row, names.get(row['role_id'] ?? null) ?? '', now);
      if (reason !== null) this.report.skipped(KIND, reason);
    }
    return this.#ids;
  }

  /** Why it was not taken, else null. */
  async #take(tx: Transaction, row: OriginalRow, role: string, now: Date): Promise<string | null> {
    const [id, username, email] = [numberIn(row['id']), textIn(row['username']), textIn(row['email'])];
    if (id === null || username === null) return `the one with id ${id ?? 'null'} has no name`;
    if (email === null) return `${inQuotes(username)} has no e-mail address`;
    if (username.length > USERNAME_MAX_LENGTH || !USERNAME_PATTERN.test(username))
      return `${inQuotes(username)} is longer than ${USERNAME_MAX_LENGTH} characters, not printable, or has blanks around it`;
    if (email.length > EMAIL_MAX_LENGTH || holdsZero([email]))
      return `the e-mail address of ${inQuotes(username)} is longer than ${EMAIL_MAX_LENGTH} characters or not printable`;
    const createdAt = momentIn(row['created_at']) ?? now;
    const known = await this.users.identityOf(username);
    if (known !== null) {
      if (known.email !== email && known.createdAt.getTime() !== createdAt.getTime())
        return `${inQuotes(username)} is the name of another account here`;
      this.#ids.set(id, known.id);
      this.report.already(KIND);
      return null;
    }
    if (await this.users.emailTaken(email))
      return `the e-mail address of ${inQuotes(username)} is another account's here`;
    const user = await this.users.insert(tx, {
      username,
      email,
      roleId: await this.#roleId(role, username),
      isActive: row['is_active'] === 1,
      hashedPassword: await this.#passwordOf(row, username),
      apiKey: await this.#keyOf(row, username, createdAt),
      subscriptionTier: 'basic',
      initialCreditsMicros: 0,
      billingAddress: null,
      createdAt,
      lastLogin: momentIn(row['last_login']),
    });
    this.#ids.set(id, user.id);
    this.report.taken(KIND);
    return null;
  }

  async #roleId(name: string, username: string): Promise<number> {
    const id = await this.users.roleId(name.toLowerCase());
    if (id !== null) return id;
    this.report.note(
      name === ''
        ? `${inQuotes(username)} has no role; the account is a ${LEAST_ROLE}`
        : `the role ${inQuotes(name)} of ${inQuotes(username)} does not exist here; the account is a ${LEAST_ROLE}`,
    );
    return assertPresent(await this.users.roleId(LEAST_ROLE), 'all roles are seeded');
  }

  async #passwordOf(row: OriginalRow, username: string): Promise<string> {
    const hash = textIn(row['hashed_password']) ?? '';
    if (PasswordHasher.isReadable(hash)) return hash;
    this.report.note(
      `the password of ${inQuotes(username)} is stored in a form that cannot be checked; set one: users reset-password ${username}`,
    );
    return (this.#nobodysHash ??= this.hasher.hash(newSecret()));
  }

  async #keyOf(row: OriginalRow, username: string, createdAt: Date) {
    const hash = textIn(row['hashed_api_key'])?.toLowerCase() ?? null;
    if (hash === null) return null;
    if (!KEY_HASH.test(hash)) {
      this.report.skipped(KEYS, `that of ${inQuotes(username)} is not stored as SHA-256`);
      return null;
    }
    if (await this.users.apiKeyTaken(hash)) {
      this.report.skipped(KEYS, `that of ${inQuotes(username)} belongs to another account, too`);
      return null;
    }
    this.report.taken(KEYS);
    return { hash, createdAt, expiresAt: null };
  }
}
