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
