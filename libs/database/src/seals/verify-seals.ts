import { messageOf } from '#libs/kernel';
import { type Anchor, ChainWalk, type SealedCell, type SealVerdict } from './chain-walk.js';
import { IdSet } from './id-set.js';
import { GENESIS, type IdRange, type SealLink, type SealStore } from './seal-store.js';
import { LOOK_BACK, openIds } from './seal-writer.js';

/** Rows of the chain's beginning that were put into archives; their links stay in the database. */
export interface ArchivedRows {
  /** The hash of the chain where each archive ends, by the number of its last row. */
  readonly ends: ReadonlyMap<number, string>;
  /** Rows up to this id are in the archives only; 0 when all are there. */
  readonly droppedId: number;
  /** The rows of links in their order; null when the archives are not at hand. @throws Error when they are not whole */
  readonly rowsOf: ((link: SealLink) => Promise<readonly (readonly SealedCell[])[]>) | null;
}

export const NOTHING_ARCHIVED: ArchivedRows = { ends: new Map(), droppedId: 0, rowsOf: null };

type ReadRows = (range: IdRange) => Promise<readonly (readonly SealedCell[])[]>;

const LINKS_A_PAGE = 100;
const MOST_FAULTS = 20;

/** What the walked links name. */
interface Named {
  readonly ids: IdSet;
  /** Rows that were dropped and whose archive was not at hand. */
  unread: number;
}

/**
 * Checks the chain over a table from the tables alone, and against anchors. It hashes with code of its own, so that a mistake
 * of the sealer would be found here. Run it in a snapshot while others write.
 * @param read the rows of a range by id, each as its id and the columns that are hashed
 */
export async function verifySeals(
  store: SealStore,
  read: ReadRows,
  anchors: readonly Anchor[] = [],
  archived: ArchivedRows = NOTHING_ARCHIVED,
): Promise<SealVerdict> {
  const walk = new ChainWalk(anchors.filter(({ chain }) => chain === store.table.chain));
  const named: Named = { ids: new IdSet(), unread: 0 };
  const ends = new Map(archived.ends);
  let recent: SealLink[] = [];
  for (let after = 0; ;) {
    const links = await store.linksAfter(after, LINKS_A_PAGE);
    for (const link of links) {
      await checkLink({ walk, named, archived }, link, read);
      checkEndOfArchive(walk, ends, link);
      after = link.id;
    }
    recent = [...recent, ...links].slice(-LOOK_BACK);
    if (links.length < LINKS_A_PAGE || walk.faults.length >= MOST_FAULTS) break;
  }
  for (const sequence of ends.keys())
    walk.faults.push(`an archive is recorded that ends with row ${sequence}, with which no link ends`);
  const notes: string[] = [];
  if (named.unread > 0)
    notes.push(
      `${named.unread} of the rows are in archives, which were not read; archive_folder names their folder`,
    );
  if (walk.faults.length < MOST_FAULTS) await checkEnds(walk, store);
  walk.checkAnchors();
  const counted = await store.countRows(walk.highestId, openIds(recent.toReversed()).gaps);
  const inTable = named.ids.countAbove(archived.droppedId);
  const distinct = named.ids.countAbove(0);
  if (walk.faults.length === 0) {
    checkNumber(walk, inTable, counted);
    await checkIds(walk, notes, store, { ...counted, all: counted.all + distinct - inTable });
  }
  if (walk.lastSequence > distinct)
    notes.push(
      `${walk.lastSequence - distinct} rows are in two links; version 0.1 sealed rows again after a late commit`,
    );
  return {
    faults: walk.faults,
    notes,
    sealedRows: walk.rows,
    unsealedRows: counted.all - inTable,
    hash: walk.hash,
  };
}

async function checkLink(
  {
    walk,
    named,
    archived,
  }: { readonly walk: ChainWalk; readonly named: Named; readonly archived: ArchivedRows },
  link: SealLink,
  read: ReadRows,
): Promise<void> {
  const name = `link ${link.id} (rows ${link.firstSequence} to ${link.lastSequence})`;
  const all = rowsIn(link.idRanges, 0);
  const left = rowsIn(link.idRanges, archived.droppedId);
  walk.begin(link, name);
  for (const range of link.idRanges) named.ids.add(range);
  if (left < all) await checkArchived(walk, link, { named, archived });
  else
    for (const range of link.idRanges) {
      const rows = await read(range);
      const expected = range[1] - range[0] + 1;
      if (rows.length !== expected)
        walk.faults.push(
          `${name}: ${expected - rows.length} of the rows with ids ${range[0]} to ${range[1]} are missing`,
        );
      for (const row of rows) walk.row(row);
    }
  walk.end(link, name);
}

/** A link of which rows were dropped: its archive has all of them. */
async function checkArchived(
  walk: ChainWalk,
  link: SealLink,
  { named, archived: { rowsOf } }: { readonly named: Named; readonly archived: ArchivedRows },
): Promise<void> {
  if (rowsOf === null) {
    named.unread += link.lastSequence - link.firstSequence + 1;
    return walk.trust(link);
  }
  try {
    for (const row of await rowsOf(link)) walk.row(row);
  } catch (error) {
    const fault = messageOf(error); // the same for every link of a file
    if (!walk.faults.includes(fault)) walk.faults.push(fault);
    walk.trust(link);
  }
}

/** How many ids of the ranges are above this one. */
const rowsIn = (ranges: readonly IdRange[], above: number): number =>
  ranges.reduce((sum, [from, to]) => sum + Math.max(0, to - Math.max(from, above + 1) + 1), 0);

/** Each archive ends with a link, and was recorded with its hash. */
function checkEndOfArchive(
  walk: ChainWalk,
  ends: Map<number, string>,
  { lastSequence, hash }: SealLink,
): void {
  const recorded = ends.get(lastSequence);
  ends.delete(lastSequence);
  if (recorded !== undefined && recorded !== hash)
    walk.faults.push(
      `the archive that ends with row ${lastSequence} is recorded with another hash than the chain's`,
    );
}

/** The head was moved with every link: it must be where the last one is. */
async function checkEnds(walk: ChainWalk, store: SealStore): Promise<void> {
  const head = await store.head();
  if (
    head?.links === walk.links &&
    head.rowCount === walk.lastSequence &&
    head.hash === (walk.hash ?? GENESIS)
  )
    return;
  walk.faults.push(
    head === null
      ? `seal_heads does not know the chain "${store.table.chain}"`
      : `the chain ends with link ${walk.links} and row ${walk.lastSequence}; it was sealed up to link ${head.links} and row ${head.rowCount}`,
  );
}

/** Rows below the highest sealed id that no link names were put in between, unless they have only just committed. */
function checkNumber(
  { faults, highestId }: ChainWalk,
  inTable: number,
  { upTo, inRanges }: { readonly upTo: number; readonly inRanges: number },
): void {
  const strangers = upTo - inTable - inRanges;
  if (strangers > 0)
    faults.push(
      `${strangers} rows with ids up to ${highestId} are in no link of the chain, or were archived`,
    );
}

/**
 * Ids against the database's own counter. On SQLite a rollback takes it back as well, so every id has its row. On
 * PostgreSQL ids of rolled-back writes are lost: ids without rows behind the last row prove nothing there.
 * @param counted `all`: rows that there are or were
 */
async function checkIds(
  walk: ChainWalk,
  notes: string[],
  store: SealStore,
  { all, highestId: inTable }: { readonly all: number; readonly highestId: number },
): Promise<void> {
  const given = await store.lastGivenId();
  if (given === null) return;
  const highestId = Math.max(inTable, walk.highestId);
  if (given < highestId)
    walk.faults.push(`the last row has the id ${highestId}; the database gave none above ${given}`);
  else if (store.database.kind === 'sqlite' && all < given)
    walk.faults.push(`${given - all} of the ${given} rows that the database numbered are not there`);
  else if (given > highestId)
    notes.push(
      `the database gave ids up to ${given}, the last row has ${highestId}: those between were rolled back, or removed within ` +
        'seconds after they were written; only an anchor can tell',
    );
}
