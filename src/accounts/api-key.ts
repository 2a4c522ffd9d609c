import { createHash } from 'node:crypto';
import { newSecret } from '#libs/kernel';

/** A new API key: `pp_` and 43 characters that stand for 32 random bytes. */
export const newApiKey = (): string => `pp_${newSecret(32)}`;

/** The only form in which a key is stored or looked up: SHA-256, hexadecimal. 256 random bits need no salt. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key, 'utf8').digest('hex');
