/**
 * The kinds of values that a configuration file has: numbers, choices, addresses, field names and so on.
 *
 * The `error` of a value says what is allowed there; `schema_problems.ts` puts what was found before it. What a check
 * says is a sentence of its own.
 *
 * @module
 */

import { z } from "zod";
import { isToken } from "../../http/characters.ts";
import { isIP } from "../../net/ip_version.ts";
import { parseEndpoint, parseTarget, TargetError } from "../../net/target.ts";
import { checkDomain } from "../../proxy/http/routing/domains.ts";
import { checkFieldName, checkFieldValue } from "../../proxy/http/routing/header_edits.ts";
import { checkMethod } from "../../proxy/http/routing/method_matcher.ts";
import { checkPath } from "../../proxy/http/routing/path.ts";
import { checkPattern } from "../../proxy/http/routing/patterns.ts";
import { checkHost } from "../../proxy/http/routing/redirector.ts";
import { checkProbePath } from "../health/health_check_options.ts";

/** A day less than 2^31 milliseconds, which is as far as a runtime's timers go. */
const MOST_MS = 2_061_083_647;

/** A whole number that must be there, or gets a default of its own. */
export function integer(least: number, most: number): z.ZodInt {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A whole number with a default. */
export function whole(least: number, most: number, initial: number, meaning: string): z.ZodDefault<z.ZodInt> {
  return integer(least, most).default(initial).describe(meaning);
}

/** A time in milliseconds, from 0. */
export function milliseconds(initial: number, meaning: string): z.ZodDefault<z.ZodInt> {
  return whole(0, MOST_MS, initial, meaning);
}

/** A time in milliseconds that has no default. */
export function optionalMilliseconds(meaning: string): z.ZodOptional<z.ZodInt> {
  return integer(0, MOST_MS).optional().describe(meaning);
}

/** A time in milliseconds that cannot be 0. */
export function someMilliseconds(initial: number, meaning: string): z.ZodDefault<z.ZodInt> {
  return whole(1, MOST_MS, initial, meaning);
}

/** 0 to 100, with fractions. */
export function percent(initial: number, meaning: string): z.ZodDefault<z.ZodNumber> {
  const error = "a number from 0 to 100";
  return z.number({ error }).min(0, { error }).max(100, { error }).default(initial).describe(meaning);
}

/** One of some names. */
export function choice<const Name extends string>(
  names: readonly Name[],
  initial: NoInfer<Name>,
  meaning: string,
): z.ZodDefault<z.ZodEnum<z.core.util.ToEnum<Name>>> {
  return oneOf(names).default(initial).describe(meaning);
}

/** One of some names, without a default. */
export function oneOf<const Name extends string>(names: readonly Name[]): z.ZodEnum<z.core.util.ToEnum<Name>> {
  return z.enum(names, { error: `one of ${names.join(", ")}` });
}

/** True or false. */
export function flag(initial: boolean, meaning: string): z.ZodDefault<z.ZodBoolean> {
  return z.boolean({ error: "true or false" }).default(initial).describe(meaning);
}

/** A text. */
export function text(initial: string, meaning: string): z.ZodDefault<z.ZodString> {
  return z.string({ error: "a text" }).default(initial).describe(meaning);
}

/** A list that may be left out. */
export function list<Item extends z.ZodType>(
  item: Item,
  allowed: string,
  meaning: string,
): z.ZodDefault<z.ZodArray<Item>> {
  return z.array(item, { error: allowed }).default([]).describe(meaning);
}

/** A text with a check: `null`, or a sentence that says what is wrong. */
export function checkedText(error: string, check: (text: string) => string | null): z.ZodString {
  return z.string({ error }).superRefine((value, context) => {
    const message = check(value);
    if (message !== null) context.addIssue({ code: "custom", message });
  });
}

/** An address that a check accepts: what is wrong with another one is said by the check. */
function address(check: (text: string) => unknown): z.ZodString {
  return checkedText('an address: "HOST:PORT", "[IPV6]:PORT" or "unix:PATH"', (value) => {
    try {
      check(value);
      return null;
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      return error.message;
    }
  });
}

/** Where to listen. */
export const listenAddress: z.ZodString = address(parseTarget);

/** Where to connect to. */
export const endpointAddress: z.ZodString = address((value) => {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)/i.exec(value) ?? [];
  if (scheme !== undefined) {
    const advice = `write ${rest}; the listener's "protocol" says it`;
    throw new TargetError(`"${value}": an endpoint has no scheme here: ${advice}`);
  }
  parseEndpoint(value);
});

/** The name of a cluster. */
export const clusterName: z.ZodString = z.string({ error: "the name of a cluster" });

/** A text that is an error if a check of what it is for finds a problem, which is made part of a line. */
function routeText(error: string, check: (text: string) => string | null): z.ZodString {
  return checkedText(error, (value) => check(value)?.replace(/^[A-Z]/, (letter) => letter.toLowerCase()) ?? null);
}

/** A name in the syntax of a token: of a cookie for example. */
export const token: z.ZodString = checkedText("a name", (value) =>
  isToken(value) ? null : `${JSON.stringify(value)} is not a name: those have letters, digits and some signs`,
);

/** The name of a field, to be read. */
export const fieldName: z.ZodString = checkedText("the name of a field", (value) =>
  isToken(value) ? null : `${JSON.stringify(value)} is not the name of a field: those are letters, digits and -`,
);

/** The name of a field, to be changed. */
export const changeableFieldName: z.ZodString = routeText("the name of a field", checkFieldName);

/** The value of a field. */
export const fieldValue: z.ZodString = routeText("a text", checkFieldValue);

/** A text that is not empty. */
export const someText: z.ZodString = checkedText("a text", (value) => (value === "" ? "is empty" : null));

/** A method, which are compared as they are. */
export const method: z.ZodString = routeText("a method, such as GET", checkMethod);

/** A path, without a query. */
export const urlPath: z.ZodString = routeText('a path, such as "/api"', checkPath);

/** What a health check asks for: a path that may have a query. */
export const checkedPath: z.ZodString = checkedText('a target, such as "/healthz"', checkProbePath);

/** A regular expression. */
export const pattern: z.ZodString = routeText("a regular expression", checkPattern);

/** What a virtual host is for. */
export const domain: z.ZodString = routeText("a domain", checkDomain);

/** A host, without port. */
export const host: z.ZodString = routeText("a host", (value) => checkHost(value, false));

/** A host, with or without port: the value of a Host field. */
export const authority: z.ZodString = routeText("a host", (value) => checkHost(value, true));

/** An address or a network, such as `10.0.0.0/8`. */
export const network: z.ZodString = checkedText("an address or a network", (value) => {
  const [, ip = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(value) ?? [];
  const version = isIP(ip);
  if (version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128)) return null;
  return `${JSON.stringify(value)} is not an address or a network, such as 192.0.2.1, 10.0.0.0/8 or fd00::/8`;
});
