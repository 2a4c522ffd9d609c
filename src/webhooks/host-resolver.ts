import { Resolver } from 'node:dns/promises';

/** Finds the addresses behind a host's name. */
export abstract class HostResolver {
  /** All of them, IPv4 first; none for an unknown name. @throws what the name servers say, and when the signal aborts */
  abstract addressesOf(host: string, signal: AbortSignal): Promise<readonly string[]>;
}

const [TRY_MS, TRIES] = [2_000, 2];
/** Answers that say the name has no address of this kind. */
const NONE: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND']);

/**
 * Asks the name servers. `dns.lookup` would hold one of the process's four threads for as long as a hostile name server
 * likes; this can be given up at any moment. It knows no hosts file and no search domains.
 */
export class NameServerResolver implements HostResolver {
  /** @param servers addresses (with port) to ask in place of the system's name servers */
  constructor(private readonly servers?: readonly string[]) {}

  async addressesOf(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
    if (this.servers !== undefined) resolver.setServers(this.servers);
    const giveUp = (): void => resolver.cancel();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      const found = [...addressesIn(four), ...addressesIn(six)];
      // some servers fail when they are asked for the kind that they don't have
      if (found.length === 0) for (const asked of [four, six]) throwUnlessUnknown(asked);
      return found;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}

const addressesIn = (asked: PromiseSettledResult<string[]>): readonly string[] =>
  asked.status === 'fulfilled' ? asked.value : [];

function throwUnlessUnknown(asked: PromiseSettledResult<string[]>): void {
  if (asked.status === 'fulfilled') return;
  const reason = asked.reason as NodeJS.ErrnoException;
  if (!NONE.has(reason.code)) throw reason;
}
