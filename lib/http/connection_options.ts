/**
 * The options of Connection fields (RFC 9110 section 7.6.1): whether the connection goes on, and which fields are
 * for this hop only.
 *
 * @module
 */
import { asciiBytes, COMMA, equalsInAnyCase, equalsLowerCase, IS_TOKEN, SPACE, TAB } from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import { FIELD_WORDS, type Head, valueEnd, valueStart } from "./head.ts";
import { FIELD_CONNECTION, IS_NEVER_NOMINATED } from "./known_fields.ts";

const CLOSE = asciiBytes("close");
const KEEP_ALIVE = asciiBytes("keep-alive");
const UPGRADE = asciiBytes("upgrade");
/** Each option is looked for among all fields, so that their number is bounded. */
const OPTION_COUNT_MAX = 32;

/** Apply all Connection fields of a head whose fields are known. */
export function applyConnectionOptions(head: Head, memory: Uint8Array, start: number): HttpFault | null {
  let optionCount = 0;
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.fieldIds[field] !== FIELD_CONNECTION) continue;
    const end = valueEnd(head, start, field);
    let position = valueStart(head, start, field);
    while (position < end) {
      const byte = memory[position] as number;
      // Empty elements of a list are ignored (RFC 9110 section 5.6.1.2).
      if (byte === COMMA || byte === SPACE || byte === TAB) {
        position++;
        continue;
      }
      const optionStart = position;
      while (position < end && IS_TOKEN[memory[position] as number] === 1) position++;
      if (position === optionStart) return FAULT.connectionOption;
      applyOption(head, memory, start, optionStart, position);
      if (++optionCount > OPTION_COUNT_MAX) return FAULT.connectionOptionCount;
      while (position < end && (memory[position] === SPACE || memory[position] === TAB)) position++;
      if (position < end && memory[position] !== COMMA) return FAULT.connectionOption;
    }
  }
  return null;
}

function applyOption(head: Head, memory: Uint8Array, start: number, optionStart: number, optionEnd: number): void {
  if (equalsLowerCase(memory, optionStart, optionEnd, CLOSE)) {
    head.hasClose = true;
  } else if (equalsLowerCase(memory, optionStart, optionEnd, KEEP_ALIVE)) {
    head.hasKeepAlive = true;
  } else if (equalsLowerCase(memory, optionStart, optionEnd, UPGRADE)) {
    // Upgrade means nothing in HTTP/1.0 (RFC 9110 section 7.8).
    if (head.minorVersion === 1) head.upgradeField = head.firstUpgradeField;
  } else {
    nominate(head, memory, start, optionStart, optionEnd);
  }
}

/** Mark the fields with the option's name as those that end at this hop. */
function nominate(head: Head, memory: Uint8Array, start: number, optionStart: number, optionEnd: number): void {
  for (let field = 0; field < head.fieldCount; field++) {
    const nameStart = start + (head.fields[field * FIELD_WORDS] as number);
    const nameEnd = start + (head.fields[field * FIELD_WORDS + 1] as number);
    if (!equalsInAnyCase(memory, nameStart, nameEnd, optionStart, optionEnd)) continue;
    if (IS_NEVER_NOMINATED[head.fieldIds[field] as number] === 0) head.hopByHop[field] = 1;
  }
}
