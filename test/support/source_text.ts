/**
 * Takes TypeScript apart into code, comments and strings, as far as looking for words needs it.
 *
 * @module
 */

/** A source text with parts of it blanked out; lines and columns stay where they are. */
export interface SourceParts {
  /** Without comments, strings and regular expressions. */
  readonly code: string;
  /** With strings in double quotes, as imports have them, but without all else that is not code. */
  readonly codeAndNames: string;
}

/** Behind these a slash begins a regular expression, and not a division. */
const BEFORE_REGULAR_EXPRESSION = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in|yield|await))\s*$/;

/** Take a source text apart. */
export function sourceParts(text: string): SourceParts {
  let code = "";
  let codeAndNames = "";
  /** How many braces are open in each `${}` of a template that we are in. */
  const braces: number[] = [];
  let at = 0;
  const blank = (end: number, isName = false): void => {
    const part = text.slice(at, end);
    const blanked = part.replace(/[^\n]/g, " ");
    code += blanked;
    codeAndNames += isName ? part : blanked;
    at = end;
  };
  const templatePart = (): void => {
    const part = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:\$\{|`)?/y;
    part.lastIndex = at + 1;
    const body = part.exec(text)?.[0] ?? "";
    if (body.endsWith("${")) braces.push(0);
    blank(at + 1 + body.length);
  };
  while (at < text.length) {
    const rest = (pattern: RegExp): number => {
      pattern.lastIndex = at;
      return at + (pattern.exec(text)?.[0].length ?? 1);
    };
    const character = text[at];
    const depth = braces.at(-1);
    if (text.startsWith("//", at)) blank(rest(/.*/y));
    else if (text.startsWith("/*", at)) blank(rest(/\/\*[\s\S]*?\*\//y));
    else if (character === '"') blank(rest(/"(?:[^"\\\n]|\\.)*"/y), true);
    else if (character === "'") blank(rest(/'(?:[^'\\\n]|\\.)*'/y));
    else if (character === "`") templatePart();
    else if (character === "}" && depth === 0) {
      braces.pop();
      templatePart();
    } else if (character === "/" && BEFORE_REGULAR_EXPRESSION.test(code.slice(-80))) {
      blank(rest(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y));
    } else {
      if (depth !== undefined && character === "{") braces[braces.length - 1] = depth + 1;
      if (depth !== undefined && character === "}") braces[braces.length - 1] = depth - 1;
      code += character;
      codeAndNames += character;
      at++;
    }
  }
  return { code, codeAndNames };
}

/** The number of the line, from 1, in which a place in a text is. */
export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
