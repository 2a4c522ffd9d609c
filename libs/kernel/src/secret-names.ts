/** Words that make a name secret wherever they stand in it: `db_password`, `apiSecret`, `Set-Cookie`. */
const SECRET_WORD =
  /^(?:.*(?:passwor[dt](?!less)|passwd|passphrase|passcode|credential|authorization|secret(?!ar))|.*(?:pwd|jwt)$|cookies?|kennwort|senha|contraseña|otp|totp|mnemonic|cvv|cvc|(?:api|private|access|auth|secret)keys?|(?:db|user|smtp|ftp)pass|passkey|[a-z]{2,}token$)/u;

/** Two neighbouring words that are one of those when they are written together: `pass_word`, `X-Api-Key`, `privateKey`. */
const SECRET_PAIR = /^pass(?:word|wd|phrase|code|key)s?$/;

/** What a `key` opens; without such a word before it (`cache_key`, `public_key`, `key_levels`) it is ordinary. */
const KEY_OF = new Set(
  (
    'access account admin api app application auth authentication bot cipher client consumer crypto decryption ' +
    'deploy encryption functions hmac host license licence master private root secret server service session ' +
    'shared sign signing ssh storage subscription symmetric user webhook wrapping'
  ).split(' '),
);

/** These make a name secret as its last word: `auth_token`, `smtp_pass`; not `token_count`, not `auth_method`. */
const SECRET_END = new Set(['token', 'tokens', 'auth', 'pass', 'bearer', 'pw']);
/** Words before such an end that make it an ordinary one: `max_tokens`, `base_token`, `low_pass`, `next_page_token`. */
const ORDINARY_BEFORE_END = new Set(
  (
    'all band base bos completion continuation count cls eos first full high input low mask max min multi n next num ' +
    'number one output pad page partial prompt quote second sep single total two unk used'
  ).split(' '),
);

/** A name that begins with one of these asks or tells whether: `has_password`, `require_auth`. */
const QUESTION = new Set(
  'allow can disable enable has have is must need needs no require required requires show skip use'.split(
    ' ',
  ),
);
/** A name that ends with one of these says something about a secret, not the secret: `password_length`, `secret_version`. */
const DESCRIPTION = new Set(
  (
    'age at attempts bytes changed consent cost count counts days enabled expired expires expiry field hours len length limit max method ' +
    'min minutes ms name policy required rotation seconds size status strength ttl type version'
  ).split(' '),
);

const WORDS = /\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lu}+|\p{Lo}+/gu;

/** Results for names seen before, since clients send the same few; limited, so that no client can fill the memory. */
const known = new Map<string, boolean>();
const MOST_KNOWN = 2_000;
/** Of a longer name the end alone is looked at: nobody calls a field that, but the time must be limited. */
const LONGEST_NAME = 128;

/**
 * True for a field, header or query parameter whose value must not be shown. A name is judged by its words, which may be
 * written as `apiKey`, `api_key`, `X-API-KEY` or `api key`.
 */
export function isSecretName(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const secret = judge(name.length > LONGEST_NAME ? name.slice(-LONGEST_NAME) : name);
  if (name.length > LONGEST_NAME) return secret;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(name, secret);
  return secret;
}

function judge(name: string): boolean {
  const words = (name.match(WORDS) ?? []).map((word) => word.toLowerCase());
  const [first = '', last = ''] = [words[0], words.at(-1)];
  if (words.length > 1 && (QUESTION.has(first) || DESCRIPTION.has(last))) return false;
  return words.some((word, at) => isSecretWord(word, words[at + 1])) || hasSecretEnd(words, last);
}

function isSecretWord(word: string, next: string | undefined): boolean {
  if (SECRET_WORD.test(word)) return true;
  if (next === undefined) return false;
  return ((next === 'key' || next === 'keys') && KEY_OF.has(word)) || SECRET_PAIR.test(word + next);
}

function hasSecretEnd(words: readonly string[], last: string): boolean {
  return SECRET_END.has(last) && !words.slice(0, -1).some((word) => ORDINARY_BEFORE_END.has(word));
}

/** Names whose value is a secret in the query of a URL (`?key=`, `?sig=`), and ordinary elsewhere. */
const SECRET_IN_URL = /^(?:.*[-_])?(?:key|sig|signature|pass|pw|auth)$/i;

/** As {@link isSecretName}, for a parameter of a URL. */
export const isSecretParameter = (name: string): boolean => isSecretName(name) || SECRET_IN_URL.test(name);

/** Names under which a value is a secret if it looks like one: `{"key": "9f86d081884c7d65"}`, not `{"key": "trend"}`. */
const PERHAPS_SECRET = /^(?:.*[-_])?(?:key|keys|sig|signature|code|sid|session|ticket|state|hash)$/i;

export const isPerhapsSecretName = (name: string): boolean => PERHAPS_SECRET.test(name);
