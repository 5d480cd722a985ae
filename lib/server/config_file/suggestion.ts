/**
 * Guesses what was meant by a name that is not known.
 *
 * @module
 */

/** The name that is most like `found`; `null` if none is much like it. */
export function suggestion(found: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(found.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(plain(found), plain(name));
    if (distance >= bestDistance || distance >= name.length) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** `headTimeoutMs`, `head-timeout-ms` and `head_timeout_ms` are the same. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, "");
}

/** Letters to add, remove or replace to make one text of the other. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const current = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = at(previous, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(previous, j) + 1, at(current, j - 1) + 1));
    }
    previous = current;
  }
  return at(previous, other.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.MAX_SAFE_INTEGER;
}
