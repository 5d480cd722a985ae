/**
 * Claims of a token, as fields of the request that the endpoint gets.
 *
 * @module
 */
import type { FilterFields } from "../filter.ts";
import { isFieldValue } from "./field_text.ts";

/** Which claims become which fields. */
export class ClaimFields {
  readonly #fields: readonly (readonly [claim: string, field: string])[];
  readonly #names: ReadonlySet<string>;

  /** Claims, and the names of fields. */
  constructor(claimsToHeaders: Readonly<Record<string, string>>) {
    this.#fields = Object.entries(claimsToHeaders);
    this.#names = new Set(this.#fields.map(([, field]) => comparable(field)));
  }

  /** Remove what the client sent in their place. */
  remove(fields: FilterFields): void {
    if (this.#names.size === 0) return;
    for (const [name] of [...fields]) if (this.#names.has(comparable(name))) fields.delete(name);
  }

  /** The fields for the claims that there are; `null` if one of them can't be a field's value. */
  valuesOf(claims: Readonly<Record<string, unknown>>): (readonly [field: string, value: string])[] | null {
    const values: (readonly [field: string, value: string])[] = [];
    for (const [claim, field] of this.#fields) {
      if (!Object.hasOwn(claims, claim)) continue;
      const value = fieldValue(claims[claim]);
      if (value === null) return null;
      values.push([field, value]);
    }
    return values;
  }
}

/** Many servers take `X_User` for `X-User`. */
function comparable(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** A list becomes one that is separated by commas, if none of its elements has one. */
function fieldValue(value: unknown): string | null {
  if (!Array.isArray(value)) return plainValue(value);
  const elements = value.map(plainValue);
  const isClear = elements.every((element) => element !== null && element !== "" && !element.includes(","));
  return isClear ? elements.join(",") : null;
}

function plainValue(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && isFieldValue(value) ? value : null;
}
