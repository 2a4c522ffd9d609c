import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { addressSet } from './networks.js';

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

/** Decides which addresses the service may call: public ones, and those that its operator opened. */
export class AddressPolicy {
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
