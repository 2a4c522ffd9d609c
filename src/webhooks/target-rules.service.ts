import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { AddressPolicy } from '#libs/kernel';

/** A URL that may be called, once the addresses behind its name have been checked too. */
export interface Target {
  readonly url: URL;
  /** Host name without trailing dots, or an address without brackets. */
  readonly host: string;
}

const MAX_LENGTH = 2_048;
/** Below it only the two default ports: mail, shells and printers answer there. */
const FIRST_FREE_PORT = 1_024;

/** What a receiver's URL must be, in development and elsewhere, and which addresses may stand behind it. */
@Injectable()
export class TargetRules {
  readonly addresses: AddressPolicy;
  readonly #schemes: readonly string[];

  constructor({ environment, webhook_allowed_networks }: AppConfig) {
    this.addresses = new AddressPolicy(webhook_allowed_networks);
    this.#schemes = environment === 'production' ? ['https'] : ['https', 'http'];
  }

  /** The target, or what is wrong with the text and what is allowed. */
  check(text: string): Target | { readonly fault: string } {
    const fault = this.#textFault(text);
    if (fault !== null) return { fault };
    const url = new URL(text);
    const host = bareHost(url);
    if (!url.hostname.startsWith('[')) url.hostname = host;
    const urlFault = urlFaultOf(text, url, host) ?? this.#hostFault(host);
    return urlFault === null ? { url, host } : { fault: urlFault };
  }

  /** Faults that the parser of URLs would repair: it drops line breaks and takes `\` for `/`. */
  #textFault(text: string): string | null {
    if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
    if (/[\s\\\p{Cc}\p{Cs}]/u.test(text)) return 'must not contain spaces, control characters or backslashes';
    const scheme = /^([a-z][a-z0-9+.-]*):\/\/[^/]/i.exec(text)?.[1]?.toLowerCase();
    if (scheme === undefined || !this.#schemes.includes(scheme)) {
      return `must begin with ${this.#schemes.map((one) => `${one}://`).join(' or ')} and a host`;
    }
    return URL.canParse(text) ? null : 'must be a valid URL';
  }

  #hostFault(host: string): string | null {
    if (isIP(host) !== 0) {
      return this.addresses.allows(host) ? null : `must not lead to ${host}, which is not a public address`;
    }
    const isOwn = host === 'localhost' || host.endsWith('.localhost');
    return isOwn && !this.addresses.allows('127.0.0.1') ? 'must not lead to this machine itself' : null;
  }
}

function urlFaultOf(text: string, url: URL, host: string): string | null {
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(text)?.[1] ?? '';
  if (authority.includes('@')) return 'must not contain a user name or password';
  if (text.includes('#')) return 'must not have a fragment (#)';
  if (url.port !== '' && Number(url.port) < FIRST_FREE_PORT) {
    return `must use the default port or one from ${FIRST_FREE_PORT} to 65535`;
  }
  return host === '' ? 'must name a host' : null;
}

/** As the parser left it: lower case, in ASCII, octal, hexadecimal and shortened IPv4 written out. */
function bareHost({ hostname }: URL): string {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  let end = hostname.length;
  while (hostname[end - 1] === '.') end -= 1;
  return hostname.slice(0, end);
}
