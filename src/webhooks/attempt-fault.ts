import { errors } from 'undici';
import type { AttemptError } from './webhook.types.js';

/** An attempt that came to nothing, for a known reason. */
export class AttemptFault extends Error {
  constructor(readonly code: AttemptError) {
    super(code);
    this.name = 'AttemptFault';
  }
}

/** Codes of OpenSSL and Node about certificates and handshakes. */
const TLS =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_|INVALID_CA|PATH_LENGTH|EPROTO)/;
/** Headers without end, or a length that is none. */
const MALFORMED = /^UND_ERR_(HEADERS_OVERFLOW|RES)/;

/**
 * The short word for what went wrong; texts of errors stay inside, they tell of the service's own network.
 * @throws the error itself when it is none of the network's: then the fault is here
 */
export function attemptErrorOf(error: unknown): AttemptError {
  if (error instanceof AttemptFault) return error.code;
  // some of these have no code
  if (error instanceof errors.HTTPParserError) return 'malformed_answer';
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (typeof code !== 'string' || code === 'UND_ERR_INVALID_ARG') throw error;
  if (TLS.test(code)) return 'tls_failed';
  return MALFORMED.test(code) ? 'malformed_answer' : 'connection_failed';
}
