import { type RuleInput, when } from './rule.js';
import type { Settings } from './settings.js';

/** Words of the placeholders that examples, tutorials and generators put where a secret belongs. */
const PLACEHOLDER =
  /change[-_ ]?(me|this|it)|change.*(production|secret)|your[-_ ]?(secret|key|password|own)|example|placeholder|secret[-_ ]?key|insecure|admin123|password|default/i;

/** A random text of 32 base64 characters has fewer than 12 different ones about once in 10^9. */
const LEAST_DIFFERENT = 12;
const LONG = 32;

/**
 * Whether a secret is a placeholder or easy to guess: it contains a typical example's words, or, at 32 characters
 * or more, repeats a few characters.
 */
export const isExampleSecret = (secret: string): boolean =>
  PLACEHOLDER.test(secret) || (secret.length >= LONG && new Set(secret).size < LEAST_DIFFERENT);

const HOW_TO_MAKE_A_SECRET = 'generate one with: openssl rand -base64 48';

const TOO_SHORT_A_SECRET = `secret_key: the value is too short; it must be text of at least ${LONG} characters; ${HOW_TO_MAKE_A_SECRET}`;

/** The least number of characters of a key to sign with: 32 of base64 hold 192 bits. */
export const LEAST_SECRET = LONG;

/** Whether the signing key is an example that is too short to sign with; where it is tolerated it counts as not set. */
export const isShortExample = (secret: string | null): boolean =>
  secret !== null && secret.length < LEAST_SECRET && isExampleSecret(secret);

/** What to say of an example of a signing key that is not refused: the installation is small, the original never read it. */
export function secretNotices({ secret_key }: Pick<Settings, 'secret_key'>): readonly string[] {
  if (secret_key === null || !isExampleSecret(secret_key)) return [];
  const use = isShortExample(secret_key)
    ? `is shorter than ${LEAST_SECRET} characters, so a random key takes its place`
    : 'can be guessed by anyone, who can then make login tokens';
  return [`secret_key: the value is an example and ${use}; ${HOW_TO_MAKE_A_SECRET}`];
}

/** Whether there is a key to sign with, and nobody guesses it. */
export function secretRules({ values, database, serving }: RuleInput): readonly string[] {
  const isProduction = values.environment === 'production';
  if (!isProduction && database?.kind !== 'postgres') {
    const { secret_key: secret } = values;
    return when(
      secret !== null && secret.length < LEAST_SECRET && !isShortExample(secret),
      TOO_SHORT_A_SECRET,
    );
  }
  const because = isProduction ? 'in production' : 'with PostgreSQL';
  if (values.secret_key === null) {
    return when(serving, `secret_key: is required ${because}; ${HOW_TO_MAKE_A_SECRET}`);
  }
  if (isExampleSecret(values.secret_key))
    return [
      `secret_key: the value is an example or easy to guess, which is refused ${because}; ${HOW_TO_MAKE_A_SECRET}`,
    ];
  return when(values.secret_key.length < LEAST_SECRET, TOO_SHORT_A_SECRET);
}

/** A key that anyone can guess would let in whoever makes tokens with it, also as one of before. */
export function previousSecretRules({ values, database }: RuleInput): readonly string[] {
  const { previous_secret_keys: keys, secret_key, environment } = values;
  const isStrict = environment === 'production' || database?.kind === 'postgres';
  return keys.flatMap((key, at) => {
    const name = `previous_secret_keys: number ${at + 1}`;
    const isExample = isStrict && isExampleSecret(key);
    return [
      ...when(key.length < LONG, `${name} is too short; each is text of at least ${LONG} characters`),
      ...when(isExample, `${name} is an example or easy to guess, which is refused here as for secret_key`),
      ...when(key === secret_key, `${name} is secret_key itself; leave it out`),
    ];
  });
}
