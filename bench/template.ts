/**
 * Configuration files with places for values, such as `{listen}`.
 *
 * @module
 */

/** Fill in the values. Throws if one is missing or has no place. */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  const unused = new Set(Object.keys(values));
  const filled = template.replaceAll(/\{(\w+)\}/g, (_place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`No value for {${name}}`);
    unused.delete(name);
    return `${value}`;
  });
  if (unused.size > 0) throw new TypeError(`No place for ${[...unused].join(", ")}`);
  return filled;
}
