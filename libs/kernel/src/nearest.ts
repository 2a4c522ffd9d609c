/**
 * Number of single-character edits between two texts, where two neighbours that changed places count as one edit
 * (optimal string alignment distance).
 */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const removed = (previous[column] ?? 0) + 1;
      const added = (current[column - 1] ?? 0) + 1;
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = isSwap && row > 1 ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity;
      current.push(Math.min(replaced, removed, added, swapped));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

const LONGEST_NAME = 64;
const MOST_SUGGESTIONS = 3;

/**
 * The candidates most like a mistyped name, best first, at most three: those that start with it, then those within
 * a third of its length in edits. Empty when nothing is close.
 */
export function nearest(name: string, candidates: readonly string[]): readonly string[] {
  const wanted = name.toLowerCase().slice(0, LONGEST_NAME);
  if (wanted === '') return [];
  const reach = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => {
      const distance = candidate.startsWith(wanted) ? 0 : editDistance(wanted, candidate);
      return { candidate, distance };
    })
    .filter(({ distance }) => distance <= reach)
    .sort((a, b) => a.distance - b.distance || a.candidate.length - b.candidate.length)
    .slice(0, MOST_SUGGESTIONS)
    .map(({ candidate }) => candidate);
}

/** `; did you mean a or b?`, or nothing when no candidate is close. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const close = nearest(name, candidates);
  return close.length === 0 ? '' : `; did you mean ${close.join(' or ')}?`;
}
