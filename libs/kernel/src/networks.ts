import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** An address or a network in CIDR notation; null for any other text. */
function networkOf(text: string): Network | null {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return null;
  const longest = family === 4 ? 32 : 128;
  if (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest)) return null;
  const bits = prefix === undefined ? longest : Number(prefix);
  return { address, prefix: bits, family: family === 4 ? 'ipv4' : 'ipv6' };
}

/** Whether a text is an address or a network such as `10.0.0.0/8`. */
export const isNetwork = (text: string): boolean => networkOf(text) !== null;

/** A set of addresses, from texts that are networks; others are left out. */
export function addressSet(networks: readonly string[]): BlockList {
  const set = new BlockList();
  for (const text of networks) {
    const network = networkOf(text);
    if (network !== null) set.addSubnet(network.address, network.prefix, network.family);
  }
  return set;
}

/** Whether two networks have addresses in common. */
export const networksOverlap = (one: string, other: string): boolean =>
  holds(one, other) || holds(other, one);

function holds(outer: string, inner: string): boolean {
  const network = networkOf(inner);
  return network !== null && addressSet([outer]).check(network.address, network.family);
}

/** An address as proxies write it when they add a port; IPv6 stands in brackets then. */
const WITH_PORT = /^(?:\[([^\]]*:[^\]]*)\]|([\d.]+))(?::(\d{1,5}))?$/;
const MAX_PORT = 65_535;
/** IPv6 with the network interface that it was seen on. */
const ZONE = /(?<=:.*)%[\w.-]+$/;

/**
 * Reads an address as sockets name it and proxies write it: with a port (`203.0.113.9:4711`, `[2001:db8::1]:443`), a
 * zone (`fe80::1%eth0`), or as IPv4 inside of IPv6 (`::ffff:192.0.2.1`).
 * @returns the one form of it, without port and zone, IPv6 as in RFC 5952; null for anything else (`unknown`, `_hidden`)
 */
export function readAddress(text: string): string | null {
  if (isIP(text) === 4) return text;
  const [, bracketed, ipv4, port = '0'] = WITH_PORT.exec(text) ?? [];
  const address = (bracketed ?? ipv4 ?? text).replace(ZONE, '');
  if (isIP(address) === 0 || Number(port) > MAX_PORT) return null;
  return ipaddr.process(address).toString();
}

/**
 * Whom limits count as one caller: an IPv4 address, or the /64 of an IPv6 one, which a single subscriber gets whole. Any
 * other text stands for itself.
 */
export function callerNetwork(address: string): string {
  if (isIP(address) !== 6) return address;
  const groups = ipaddr.IPv6.parse(address).parts.slice(0, 4);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

const loopback = addressSet(['127.0.0.0/8', '::1']);

/** Whether an address, in the form of {@link readAddress}, is this machine itself. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
