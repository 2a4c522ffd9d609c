import { createHash, timingSafeEqual } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/bcrypt';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { AppError, BoundedQueue, newSecret } from '#libs/kernel';

/** Marks hashes of passwords that went through SHA-256 first; without it the text is a plain (imported) bcrypt hash. */
const PRE_HASHED = 'sha256:';
/** The form that the Python service's own set-up wrote: SHA-256 without salt, hexadecimal. */
const PLAIN_SHA256 = /^[0-9a-f]{64}$/;
const BCRYPT = /^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/;
/** bcrypt runs on libuv's four threads, which also serve files; two at a time leave them room. */
const AT_ONCE = 2;
/** About two seconds of work at cost 10 (56 ms each). */
const MAX_WAITING = 64;

/**
 * bcrypt over SHA-256 (base64) of the password: bcrypt alone sees only the first 72 bytes. Plain bcrypt and plain SHA-256
 * hashes of an imported database verify as they are and count as outdated.
 */
@Injectable()
export class PasswordHasher implements OnApplicationBootstrap {
  readonly #cost: number;
  readonly #queue = new BoundedQueue(AT_ONCE, MAX_WAITING, tooManyPasswords);
  #nobody: Promise<string> | null = null;

  constructor(config: AppConfig) {
    this.#cost = config.password_hash_cost;
  }

  /** @throws AppError `unavailable` when too many passwords wait to be hashed */
  async hash(password: string): Promise<string> {
    const text = await this.#queue.run(() => hash(preHash(password), { cost: this.#cost }));
    return PRE_HASHED + text;
  }

  /** @throws AppError `unavailable` when too many passwords wait to be hashed */
  async verify(password: string, stored: string): Promise<boolean> {
    if (PLAIN_SHA256.test(stored)) {
      await this.verifyForNobody(password); // as slow as the others, so that the clock tells nothing
      return timingSafeEqual(
        createHash('sha256').update(password, 'utf8').digest(),
        Buffer.from(stored, 'hex'),
      );
    }
    return stored.startsWith(PRE_HASHED)
      ? this.#queue.run(() => verify(preHash(password), stored.slice(PRE_HASHED.length)))
      : this.#queue.run(() => verify(password, stored));
  }

  /** Takes as long as {@link verify} and is never true: unknown names must not be told by the clock. */
  async verifyForNobody(password: string): Promise<false> {
    this.#nobody ??= this.hash(newSecret());
    await this.verify(password, await this.#nobody);
    return false;
  }

  /** Prepares the hash that {@link verifyForNobody} checks against, so that its first use takes no longer. */
  async onApplicationBootstrap(): Promise<void> {
    await (this.#nobody ??= this.hash(newSecret()));
  }

  /** Whether an imported hash has a form that {@link verify} can check. */
  static isReadable(stored: string): boolean {
    return PLAIN_SHA256.test(stored) || BCRYPT.test(stored);
  }

  /** Whether a hash should be replaced at the next login: imported, or made at a lower cost. */
  isOutdated(stored: string): boolean {
    if (!stored.startsWith(PRE_HASHED)) return true;
    return parseOptions(stored.slice(PRE_HASHED.length)).cost < this.#cost;
  }
}

const tooManyPasswords = (): AppError =>
  new AppError('unavailable', 'Too many passwords are being checked; try again shortly', {
    headers: { 'Retry-After': '1' },
  });

const preHash = (password: string): string => createHash('sha256').update(password, 'utf8').digest('base64');
