/**
 * What the reader has to know about measurements.
 *
 * @module
 */
import type { SubjectResult } from "../results.ts";

/** Sentences: what is said in several rounds is said once, with how often. */
export function collectNotes(subjects: readonly SubjectResult[]): string[] {
  const sentences: string[] = [];
  for (const { name, samples } of subjects) {
    const notes = new Map<string, { readonly text: string; count: number }>();
    for (const text of samples.flatMap((sample) => sample.notes)) {
      const key = text.replaceAll(/\d+/g, "");
      const note = notes.get(key) ?? { text, count: 0 };
      note.count++;
      notes.set(key, note);
    }
    for (const { text, count } of notes.values()) {
      sentences.push(`${name}: ${text} (${count} of ${samples.length} rounds)`);
    }
  }
  return sentences;
}
