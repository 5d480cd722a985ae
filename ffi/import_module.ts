/**
 * Imports modules of applications. Their names are known only when the program runs: whoever publishes or compiles the
 * package is told so, once, about this place.
 *
 * @module
 */

/** Import the module at a URL, each time with what its exports are taken to be. */
export async function importModule<Exports extends object>(url: string): Promise<Exports> {
  return (await import(url)) as Exports;
}
