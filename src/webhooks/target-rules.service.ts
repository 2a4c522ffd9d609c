import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import ipaddr from 'ipaddr.js';
import { addressSet } from '#libs/kernel';

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

/**
 * What the registries of special-purpose addresses (RFC 6890 and IANA's lists) name, and what leads to an IPv4 address
 * inside of an IPv6 one. ipaddr.js knows most of it and is asked too; it takes `::127.0.0.1` and site-local ones for
 * ordinary addresses.
 */
const NEVER = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind a carrier's translation
  '127.0.0.0/8', // loopback
  '168.63.129.16', // a cloud's host, at a public address
  '169.254.0.0/16', // link-local; metadata of clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '2001::/23', // protocol assignments, Teredo, benchmarks, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
];

/** Everything that IPv6 hands out for use between networks; mapped, compatible, translated and local ones lie outside. */
const GLOBAL_UNICAST = ['2000::/3'];

/** Decides which addresses the service may call on behalf of a client. */
class AddressPolicy {
  readonly #never = addressSet(NEVER);
  readonly #global = addressSet(GLOBAL_UNICAST);
  readonly #allowed: ReturnType<typeof addressSet>;

  /** @param allowedNetworks addresses and networks that the operator opened although they are not public */
  constructor(allowedNetworks: readonly string[]) {
    this.#allowed = addressSet(allowedNetworks);
  }

  /** @param address IPv4 or IPv6 without brackets; any other text, one with a zone included, is refused */
  allows(address: string): boolean {
    const version = isIP(address);
    if (version === 0 || address.includes('%')) return false;
    if (version === 4) return this.#allowed.check(address, 'ipv4') || this.#isPublic4(address);
    // IPv4 inside of IPv6 (::ffff:10.0.0.1) would match the operator's IPv4 networks too
    if (ipaddr.IPv6.parse(address).isIPv4MappedAddress()) return false;
    return this.#allowed.check(address, 'ipv6') || this.#isPublic6(address);
  }

  #isPublic4(address: string): boolean {
    return !this.#never.check(address, 'ipv4') && ipaddr.IPv4.parse(address).range() === 'unicast';
  }

  #isPublic6(address: string): boolean {
    return (
      this.#global.check(address, 'ipv6') &&
      !this.#never.check(address, 'ipv6') &&
      ipaddr.IPv6.parse(address).range() === 'unicast'
    );
  }
}
