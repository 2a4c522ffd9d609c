import { createHash } from 'node:crypto';
import { hash } from '@node-rs/bcrypt';
import type { AppError } from '#libs/kernel';
import { configOf } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { PasswordHasher } from '../../../src/accounts/password-hasher.js';

const hasher = new PasswordHasher(configOf({ password_hash_cost: 4 }));

describe('the password hasher', () => {
  it('looks at every byte of a password, beyond the 72 that bcrypt sees', async () => {
    const long = 'x'.repeat(80);
    const stored = await hasher.hash(`${long}1`);
    await expect(hasher.verify(`${long}1`, stored)).resolves.toBe(true);
    await expect(hasher.verify(`${long}2`, stored)).resolves.toBe(false);
  });

  it('salts: equal passwords have different hashes', async () => {
    expect(await hasher.hash('same')).not.toBe(await hasher.hash('same'));
  });

  it('takes plain bcrypt as it is, but never a pre-hashed password as a plain one', async () => {
    const plain = await hash('imported', { cost: 4 });
    await expect(hasher.verify('imported', plain)).resolves.toBe(true);
    await expect(hasher.verify('other', plain)).resolves.toBe(false);
    expect(hasher.isOutdated(plain)).toBe(true);
    const own = await hasher.hash('own');
    await expect(hasher.verify('own', own.replace('sha256:', ''))).resolves.toBe(false);
    expect(hasher.isOutdated(own)).toBe(false);
    expect(new PasswordHasher(configOf({ password_hash_cost: 5 })).isOutdated(own)).toBe(true);
  });

  it('takes the SHA-256 of an imported database as it is, and never the hash itself as a password', async () => {
    const stored = createHash('sha256').update('admin123').digest('hex');
    await expect(hasher.verify('admin123', stored)).resolves.toBe(true);
    await expect(hasher.verify('other', stored)).resolves.toBe(false);
    await expect(hasher.verify(stored, stored)).resolves.toBe(false);
    expect(hasher.isOutdated(stored)).toBe(true);
    const readable = [stored, await hash('any', { cost: 4 }), stored.slice(1), 'pbkdf2:sha256:1$a$b', ''];
    expect(readable.map((one) => PasswordHasher.isReadable(one))).toEqual([true, true, false, false, false]);
  });

  it('is wrong, not broken, about text that is no hash', async () => {
    await expect(hasher.verify('any', 'plaintext')).resolves.toBe(false);
    await expect(hasher.verify('any', 'sha256:')).resolves.toBe(false);
  });

  it('does a full check for nobody', async () => {
    await expect(hasher.verifyForNobody('any')).resolves.toBe(false);
  });

  it('refuses when too many passwords wait, and recovers', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 80 }, () => hasher.hash('x')));
    const refused = outcomes.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(80 - 66);
    expect((refused[0] as { reason: AppError }).reason).toMatchObject({
      kind: 'unavailable',
      headers: { 'Retry-After': '1' },
    });
    await expect(hasher.hash('x')).resolves.toMatch(/^sha256:/);
  });
});
