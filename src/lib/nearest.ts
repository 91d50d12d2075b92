/**
 * The word that somebody probably meant: for messages about unknown keys and names.
 *
 * @module
 */

/**
 * The candidate nearest to `word`, or undefined when none is near enough to be a slip: one
 * edit for each three characters begun, two of them at least in words longer than three.
 * An edit is a character put in, left out or replaced, or two neighbours swapped (optimal
 * string alignment); case does not count. The first of equals wins.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.slice(0, WORD_LENGTH_MAX).toLowerCase();
  let nearest: string | undefined;
  let best = wanted.length <= 3 ? 2 : Math.max(2, Math.ceil(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= best) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), best);
    // "ap" for "eu": as many edits as characters is another word, not a slip.
    if (distance >= best || distance >= Math.max(wanted.length, candidate.length)) continue;
    nearest = candidate;
    best = distance;
    if (distance === 0) break;
  }
  return nearest;
}

/** Longer words are cut: nobody's key is longer, and the time grows with the square. */
const WORD_LENGTH_MAX = 100;

/** The distance, or any number of at least `bound` when it is not below `bound`. */
function editDistance(a: string, b: string, bound: number): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1);
      }
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least >= bound) return bound;
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
