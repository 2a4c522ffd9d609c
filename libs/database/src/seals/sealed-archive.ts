import { type Anchor, ChainWalk, type SealedCell, type SealVerdict } from './chain-walk.js';
import { GENESIS, type IdRange, type SealLink } from './seal-store.js';

/** A link of a chain as an archive has it. */
export type ArchivedLink = Omit<SealLink, 'id'>;

/** A link with its rows as they were hashed: each the text of a JSON array. */
export interface LinkWithTexts {
  readonly link: ArchivedLink;
  readonly texts: readonly string[];
}

/** A link with its rows as they stand in an archive. */
export interface LinkWithRows {
  readonly link: ArchivedLink;
  readonly rows: readonly (readonly SealedCell[])[];
}

const FORMAT = 'prediction-provider sealed rows 1';

/** What an archive says first: whose rows, from which on, and the hash of the chain before them. */
export interface ArchiveHead {
  readonly chain: string;
  readonly firstSequence: number;
  readonly previousHash: string;
}

/**
 * An archive as lines of JSON: its head; each link, followed by its rows to the letter as they were hashed; and what came out.
 * So whoever has SHA-256 can check it: a row's hash is that of `<hash before>\n<number>\n<line>`, and a link has that of its last.
 */
export async function* archiveLines(
  { chain, firstSequence, previousHash }: ArchiveHead,
  links: AsyncIterable<LinkWithTexts>,
): AsyncGenerator<string> {
  const before = { format: FORMAT, chain, first_sequence: firstSequence, previous_hash: previousHash };
  yield JSON.stringify(before);
  let last: ArchivedLink | null = null;
  for await (const { link, texts } of links) {
    const { firstSequence: first, lastSequence, idRanges, hash, sealedAt } = link;
    yield JSON.stringify({
      link: {
        first_sequence: first,
        last_sequence: lastSequence,
        id_ranges: idRanges,
        hash,
        sealed_at: sealedAt,
      },
    });
    yield* texts;
    last = link;
  }
  yield JSON.stringify({ end: { last_sequence: last?.lastSequence ?? null, hash: last?.hash ?? null } });
}

interface Line {
  readonly format?: string;
  readonly chain?: string;
  readonly first_sequence?: number;
  readonly previous_hash?: string;
  readonly link?: {
    readonly first_sequence: number;
    readonly last_sequence: number;
    readonly id_ranges: readonly IdRange[];
    readonly hash: string;
    readonly sealed_at: string;
  };
  readonly end?: { readonly last_sequence: number | null; readonly hash: string | null };
}

/** An archive that is being read. */
export interface OpenArchive {
  readonly head: ArchiveHead;
  readonly links: AsyncGenerator<LinkWithRows>;
}

/** Reads {@link archiveLines}. @throws Error when it is no archive; the links throw it when it ends early */
export async function openArchive(lines: AsyncIterable<string>): Promise<OpenArchive> {
  const source = lines[Symbol.asyncIterator]();
  const first = await source.next();
  const head = first.done === true ? null : objectOf(first.value);
  if (head?.format !== FORMAT || head.previous_hash === undefined || head.first_sequence === undefined)
    throw new Error('it is no archive of sealed rows');
  const { chain = '', first_sequence: firstSequence, previous_hash: previousHash } = head;
  return { head: { chain, firstSequence, previousHash }, links: linksIn(source) };
}

async function* linksIn(source: AsyncIterator<string>): AsyncGenerator<LinkWithRows> {
  let open: { link: ArchivedLink; rows: (readonly SealedCell[])[] } | null = null;
  for (;;) {
    const next = await source.next();
    if (next.done === true) throw new Error('it ends before its end');
    if (next.value.startsWith('[')) {
      if (open === null) throw new Error('it has rows that belong to no link');
      open.rows.push(JSON.parse(next.value) as SealedCell[]);
      continue;
    }
    const { link, end } = objectOf(next.value);
    if (open !== null) yield open;
    if (link === undefined) {
      if (end === undefined || end.hash !== (open?.link.hash ?? null))
        throw new Error('its end is not that of its links');
      return;
    }
    const { first_sequence: firstSequence, last_sequence: lastSequence, id_ranges: idRanges } = link;
    open = {
      link: { firstSequence, lastSequence, idRanges, hash: link.hash, sealedAt: link.sealed_at },
      rows: [],
    };
  }
}

function objectOf(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    throw new Error('one of its lines is no JSON');
  }
}

/**
 * Checks an archive by itself: its rows against its links, and these against anchors. Whether it is the one that was written
 * is shown by the chain in the database, or by an anchor.
 */
export async function verifyArchive(
  { head, links }: OpenArchive,
  anchors: readonly Anchor[] = [],
  seen: (link: ArchivedLink) => void = () => undefined,
): Promise<SealVerdict> {
  const { chain, firstSequence, previousHash } = head;
  const within = anchors.filter((anchor) => anchor.chain === chain && anchor.rows >= firstSequence);
  const walk = new ChainWalk(within, {
    lastSequence: firstSequence - 1,
    hash: firstSequence === 1 ? GENESIS : previousHash,
  });
  for await (const { link, rows } of links) {
    const name = `rows ${link.firstSequence} to ${link.lastSequence}`;
    walk.begin(link, name);
    for (const row of rows) walk.row(row);
    walk.end(link, name);
    seen(link);
  }
  walk.checkAnchors({ isWhole: false });
  return { faults: walk.faults, notes: [], sealedRows: walk.rows, unsealedRows: 0, hash: walk.hash };
}
