import { randomBytes, randomUUID } from 'node:crypto';

/** A UUIDv4 string. */
export const newUuid = (): string => randomUUID();

/** `bytes` random bytes as URL-safe base64 without padding (32 bytes make 43 characters). */
export const newSecret = (bytes = 32): string => randomBytes(bytes).toString('base64url');

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => UUID.test(text);
