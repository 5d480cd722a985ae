/**
 * The schema of configuration files, as far as documents are made from it.
 *
 * @module
 */

/** The parts of JSON Schema that the schema uses. */
export interface SchemaNode {
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
}

/** The numbers that a node allows; empty for what is no number. */
export function rangeOf({ type, minimum, maximum }: SchemaNode): string {
  return type === "integer" || type === "number" ? `${minimum} to ${maximum}` : "";
}
