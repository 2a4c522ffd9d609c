import type { CheckedReceipt } from './verify-receipt.js';

const FIRST = '0'.repeat(64);

/** Somewhere written down: the hash of the chain at a number. */
interface ChainAnchor {
  readonly rows: number;
  readonly hash: string;
  readonly at: string;
}

interface ChainVerdict {
  /** What contradicts that all receipts are of one chain, one sentence each. */
  readonly faults: readonly string[];
  /** Pairs of neighbours in the chain that were compared; the first receipt counts as one. */
  readonly links: number;
  /** Runs of numbers that are missing between the first and the last. */
  readonly gaps: number;
}

/**
 * Checks that receipts, each verified by itself, are of one chain: no number twice with another content, and each neighbour
 * names the one before. Whoever has only their own receipts has gaps, which say nothing.
 */
export function verifyChain(
  receipts: readonly CheckedReceipt[],
  anchors: readonly ChainAnchor[] = [],
): ChainVerdict {
  const faults: string[] = [];
  let [links, gaps] = [0, 0];
  const known = new Map<number, CheckedReceipt>();
  for (const receipt of receipts) {
    const other = known.get(receipt.number);
    if (other !== undefined && other.hash !== receipt.hash)
      faults.push(`the chain is forked: there are two receipts with number ${receipt.number}`);
    known.set(receipt.number, receipt);
  }
  const numbers = [...known.keys()].toSorted((a, b) => a - b);
  for (const [at, number] of numbers.entries()) {
    const before = number === 1 ? FIRST : known.get(number - 1)?.hash;
    if (before === undefined) gaps += at === 0 ? 0 : 1;
    else links += 1;
    if (before !== undefined && known.get(number)?.previous !== before)
      faults.push(`receipt ${number} does not name receipt ${number - 1} as the one before it`);
  }
  for (const { rows, hash, at } of anchors) {
    const anchored = known.get(rows);
    if (anchored !== undefined && anchored.hash !== hash)
      faults.push(
        `the anchor of ${at} has another hash for receipt ${rows}; the chain was made anew after it`,
      );
  }
  return { faults, links, gaps };
}
