/**
 * What a client wants of content codings (RFC 9110 section 12.5.3).
 *
 * @module
 */
import { listItems } from "./field_text.ts";

/**
 * The coding that the field's value likes best, of several the first that is offered, or `null`: none of them, or
 * rather none at all. An element that can't be read counts as a refusal.
 */
export function chooseEncoding<Coding extends string>(value: string, offered: readonly Coding[]): Coding | null {
  const weights = parseWeights(value);
  const others = weights.get("*") ?? 0;
  let best: Coding | null = null;
  // What is not coded is liked least, unless it is named.
  let bestWeight = weights.get("identity") ?? 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others;
    if (weight === 0 || weight < bestWeight || (weight === bestWeight && best !== null)) continue;
    best = coding;
    bestWeight = weight;
  }
  return best;
}

/** Codings and their weights; the lower one of a coding that stands there twice. */
function parseWeights(value: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of listItems(value.toLowerCase())) {
    const [name = "", ...parameters] = item.split(";");
    const trimmed = name.trim();
    // RFC 9110 section 8.4.1.3
    const coding = trimmed === "x-gzip" ? "gzip" : trimmed;
    weights.set(coding, Math.min(weights.get(coding) ?? 1, parseWeight(parameters)));
  }
  return weights;
}

function parseWeight(parameters: readonly string[]): number {
  if (parameters.length === 0) return 1;
  const weight = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameters[0]?.trim() ?? "")?.[1];
  return weight === undefined || parameters.length > 1 ? 0 : Number(weight);
}
