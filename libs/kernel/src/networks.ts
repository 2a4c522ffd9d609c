import { BlockList, isIP } from 'node:net';

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
