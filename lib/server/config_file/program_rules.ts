/**
 * What a configuration that a program makes can't have: functions, as the workers are threads of their own, to which no
 * function can be sent.
 *
 * @module
 */
import type { ConfigPath, Problem } from "./problem.ts";
import { Section } from "./section.ts";

const ADVICE =
  "can't be sent to the worker threads: put the configuration into a module that has it as its default export, " +
  'such as ringway.config.ts, and name that: { configFile: new URL("./ringway.config.ts", import.meta.url) }';

/** All filters that are functions, or have some. */
export function checkNoFunctions(value: unknown): Problem[] {
  const file = Section.of([], value);
  if (file === null) return [];
  return file.sections("listeners").flatMap((listener) =>
    listener.list("filters").flatMap((filter, index): Problem[] => {
      const path: ConfigPath = [...listener.path, "filters", index];
      if (typeof filter === "function") return [{ path, message: `a function ${ADVICE}` }];
      const own = Section.of(path, filter);
      if (own === null || own.get("type") !== "custom" || !hasFunctions(own.get("filter"))) return [];
      return [own.valueProblem("filter", `a filter of the program's own ${ADVICE}`)];
    }),
  );
}

function hasFunctions(value: unknown): boolean {
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  // The functions of an object of a class are those of its prototype, and the class is lost on the way too.
  const prototype = Object.getPrototypeOf(value) as unknown;
  return (prototype !== null && prototype !== Object.prototype) || Object.values(value).some(hasFunctions);
}
