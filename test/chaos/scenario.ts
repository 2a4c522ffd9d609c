import type { Call, Figures, LoadOrder, Work } from './journal.js';
import { DEADLINE_MS } from './asking.js';
import type { Running, Site } from './site.js';
import { type Comparison, type Verdict, verifyAll } from './verify-all.js';

/** How much of it: `quick` is the part that the specs run, `full` the figures, `nightly` more rounds of it. */
export type Extent = 'quick' | 'full' | 'nightly';

export interface Circumstances {
  readonly seed: number;
  readonly extent: Extent;
  /** Instead of the extent's own number. */
  readonly rounds?: number;
  readonly random: () => number;
  /** Tells a person how far it has come. */
  readonly say: (what: string) => void;
}

export interface Played {
  /** What was measured, in the order in which it is told. */
  readonly measured: Readonly<Record<string, string | number>>;
  readonly complaints: readonly string[];
}

export interface Scenario {
  readonly number: number;
  readonly name: string;
  /** When it passes. */
  readonly promise: string;
  /** @throws Skipped when something is missing that no setting brings */
  readonly play: (circumstances: Circumstances) => Promise<Played>;
}

/** The number of rounds for an extent. */
export function roundsOf(
  { rounds, extent }: Pick<Circumstances, 'rounds' | 'extent'>,
  of: Readonly<Record<Extent, number>>,
): number {
  return rounds ?? of[extent];
}

/** A load on these processes, by accounts that are made when there are none. */
export async function loadOn(
  site: Site,
  on: readonly Running[],
  load: Pick<LoadOrder, 'callers' | 'seed'> & Partial<LoadOrder>,
): Promise<Figures> {
  const [first] = on;
  if (first === undefined) throw new Error('a load needs somebody to ask');
  const parties = await site.parties(first.url);
  return site.observer.load({ targets: on.map(({ url }) => url), ...parties, ...load });
}

/** So many callers of each work. */
export const callersOf = (counts: Partial<Readonly<Record<Work, number>>>): Work[] =>
  Object.entries(counts).flatMap(([work, count]) => Array.from({ length: count }, () => work as Work));

/** What every scenario tells of its journal, beside its own figures. */
export async function verdictOf(site: Site, of?: Comparison): Promise<Verdict & Pick<Played, 'measured'>> {
  const calls = site.calls();
  const verdict = await verifyAll(site, calls, of);
  return { ...verdict, measured: { ...verdict.compared, ...timesOf(calls) } };
}

export function timesOf(calls: readonly Call[]): Record<string, string | number> {
  const answered = calls.filter(({ status }) => status !== null).map(({ ms }) => ms);
  const at = (share: number): number => answered[Math.floor(share * (answered.length - 1))] ?? Number.NaN;
  answered.sort((a, b) => a - b);
  const refused = calls.filter(({ status }) => status === 503).length;
  const cut = calls.filter(({ status, fault }) => status === null && fault !== 'ECONNREFUSED').length;
  const unreached = calls.filter(({ fault }) => fault === 'ECONNREFUSED').length;
  return {
    'answers p50': `${at(0.5)} ms`,
    'answers p99': `${at(0.99)} ms`,
    'longest answer': `${at(1)} ms of ${DEADLINE_MS}`,
    'refused with 503': refused,
    'no answer': cut,
    'not connected': unreached,
  };
}
