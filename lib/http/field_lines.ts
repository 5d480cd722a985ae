/**
 * The fields of a head and the empty line after them (RFC 9112 section 5): `name ":" OWS value OWS CRLF` each.
 *
 * @module
 */
import { COLON, CR, IS_FIELD_VALUE, IS_TOKEN, LF, SPACE, TAB } from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import { applyFieldRule } from "./field_rules.ts";
import {
  FIELD_WORDS,
  type Head,
  STAGE_END_LINE_FEED,
  STAGE_FIELD_LINE_FEED,
  STAGE_FIELD_NAME,
  STAGE_FIELD_SPACE,
  STAGE_FIELD_START,
  STAGE_FIELD_VALUE,
} from "./head.ts";
import { FIELD_OTHER, FIELD_WITH_RULE_MAX, IS_HOP_BY_HOP, knownField } from "./known_fields.ts";
import { fail, suspend, unexpected } from "./parse_stop.ts";

/**
 * Go on with the fields, at a stage and position (not relative). Returns the position after the empty line, or
 * STOPPED. Lines that a recipient may repair (whitespace before the colon, folded lines, a bare LF) are refused:
 * another parser may repair them in another way.
 */
export function parseFieldLines(
  head: Head,
  memory: Uint8Array,
  start: number,
  stop: number,
  firstPosition: number,
  firstStage: number,
): number {
  const fields = head.fields;
  let position = firstPosition;
  let stage = firstStage;
  let word = head.fieldCount * FIELD_WORDS;

  while (position < stop) {
    if (stage === STAGE_FIELD_START) {
      const byte = memory[position] as number;
      if (byte === CR) {
        position++;
        stage = STAGE_END_LINE_FEED;
        if (position === stop) break;
      } else {
        if (IS_TOKEN[byte] === 0) return fail(head, fieldStartFault(byte, head.fieldCount));
        if (word === fields.length) return fail(head, FAULT.fieldCount);
        fields[word] = position - start;
        position++;
        stage = STAGE_FIELD_NAME;
      }
    }

    if (stage === STAGE_FIELD_NAME) {
      while (position < stop && IS_TOKEN[memory[position] as number] === 1) position++;
      if (position === stop) break;
      if (memory[position] !== COLON) return fail(head, fieldNameFault(memory[position] as number));
      fields[word + 1] = position - start;
      position++;
      stage = STAGE_FIELD_SPACE;
    }

    if (stage === STAGE_FIELD_SPACE) {
      while (position < stop && (memory[position] === SPACE || memory[position] === TAB)) position++;
      if (position === stop) break;
      fields[word + 2] = position - start;
      stage = STAGE_FIELD_VALUE;
    }

    if (stage === STAGE_FIELD_VALUE) {
      while (position < stop && IS_FIELD_VALUE[memory[position] as number] === 1) position++;
      if (position === stop) break;
      const byte = memory[position] as number;
      if (byte !== CR) return fail(head, byte === LF ? FAULT.bareLineFeed : FAULT.fieldValue);
      const valueStart = start + (fields[word + 2] as number);
      let valueEnd = position;
      while (valueEnd > valueStart && (memory[valueEnd - 1] === SPACE || memory[valueEnd - 1] === TAB)) valueEnd--;
      fields[word + 3] = valueEnd - start;
      position++;
      stage = STAGE_FIELD_LINE_FEED;
      if (position === stop) break;
    }

    if (stage === STAGE_FIELD_LINE_FEED) {
      if (memory[position] !== LF) return fail(head, FAULT.bareCarriageReturn);
      position++;
      const fault = addField(head, memory, start, word);
      if (fault !== null) return fail(head, fault);
      word += FIELD_WORDS;
      stage = STAGE_FIELD_START;
    } else if (stage === STAGE_END_LINE_FEED) {
      return memory[position] === LF ? position + 1 : fail(head, FAULT.bareCarriageReturn);
    }
  }
  return suspend(head, stage, position - start);
}

/** The line of a field has ended. */
function addField(head: Head, memory: Uint8Array, start: number, word: number): HttpFault | null {
  const field = head.fieldCount;
  const nameStart = start + (head.fields[word] as number);
  const nameEnd = start + (head.fields[word + 1] as number);
  const id = knownField(memory, nameStart, nameEnd);
  head.fieldIds[field] = id;
  head.hopByHop[field] = IS_HOP_BY_HOP[id] as number;
  head.fieldCount = field + 1;
  if (id === FIELD_OTHER || id > FIELD_WITH_RULE_MAX) return null;
  return applyFieldRule(head, memory, start, field, id);
}

/** Why no field starts with the byte. */
function fieldStartFault(byte: number, fieldCount: number): HttpFault {
  if (byte === SPACE || byte === TAB) return fieldCount === 0 ? FAULT.leadingSpace : FAULT.obsoleteFold;
  if (byte === COLON) return FAULT.fieldNameEmpty;
  return unexpected(byte, FAULT.fieldName);
}

/** Why the byte does not end a name. */
function fieldNameFault(byte: number): HttpFault {
  if (byte === SPACE || byte === TAB) return FAULT.fieldNameSpace;
  return FAULT.fieldName;
}
