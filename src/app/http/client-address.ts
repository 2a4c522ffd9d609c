import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Finds the caller's own address behind the configured proxies. */
export type AddressReader = (request: IncomingMessage) => string;

/**
 * `X-Forwarded-For` is believed only as far as trusted proxies wrote it: it is read from its end, and the first
 * address that is no trusted proxy is the caller's.
 * @param proxies addresses or networks (CIDR), checked by the configuration
 */
export function addressReader(proxies: readonly string[]): AddressReader {
  if (proxies.length === 0) return peerOf;
  const trusted = new BlockList();
  for (const proxy of proxies) addTo(trusted, proxy);
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (request) => {
    const hops = [...forwardedFor(request), peerOf(request)];
    const caller = hops.findLast((hop) => !isTrusted(hop));
    return caller !== undefined && isIP(caller) !== 0
      ? caller
      : (hops.find((hop) => isIP(hop) !== 0) ?? 'unknown');
  };
}

function addTo(list: BlockList, proxy: string): void {
  const [address = '', prefix] = proxy.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}

function forwardedFor({ headers }: IncomingMessage): readonly string[] {
  const header = headers['x-forwarded-for'];
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((hop) => plain(hop.trim()))
    .filter((hop) => hop !== '');
}

const peerOf = ({ socket }: IncomingMessage): string => plain(socket.remoteAddress ?? 'unknown');

/** IPv4 callers of an IPv6 socket (`::ffff:192.0.2.1`) are the same callers. */
const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);
