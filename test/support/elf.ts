/**
 * Reads what a shared library asks of the loader and offers to programs (the ELF format, elf(5)).
 *
 * @module
 */

/** A library's dynamic section and symbols. */
export interface SharedLibrary {
  /** The processor that it is for: 62 is x86-64, 183 is AArch64 (e_machine). */
  readonly machine: number;
  /** The libraries that it needs (DT_NEEDED). */
  readonly needed: readonly string[];
  /** The functions and variables that it offers. */
  readonly exported: readonly string[];
  /** The functions and variables that it expects from elsewhere. */
  readonly undefined: readonly string[];
}

const DT_NEEDED = 1;
const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly bytes: number;
  /** The index of the section with its strings. */
  readonly link: number;
  readonly entryBytes: number;
}

/** Read a 64-bit little-endian shared library. */
export function readSharedLibrary(bytes: Uint8Array): SharedLibrary {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint8(4) !== 2) throw new TypeError("Not a 64-bit ELF file");
  const sections = readSections(view);
  const text = (section: Section, offset: number): string => {
    const start = (sections[section.link]?.offset ?? 0) + offset;
    return new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)));
  };
  const entries = (type: number): { section: Section; at: number }[] =>
    sections
      .filter((section) => section.type === type)
      .flatMap((section) =>
        Array.from({ length: section.bytes / section.entryBytes }, (_, index) => {
          return { section, at: section.offset + index * section.entryBytes };
        }),
      );
  const symbols = entries(SHT_DYNSYM)
    .map(({ section, at }) => ({
      name: text(section, view.getUint32(at, true)),
      isDefined: view.getUint16(at + 6, true) !== 0,
    }))
    .filter((symbol) => symbol.name !== "");
  return {
    machine: view.getUint16(0x12, true),
    needed: entries(SHT_DYNAMIC)
      .filter(({ at }) => Number(view.getBigUint64(at, true)) === DT_NEEDED)
      .map(({ section, at }) => text(section, Number(view.getBigUint64(at + 8, true)))),
    exported: symbols.filter((symbol) => symbol.isDefined).map((symbol) => symbol.name),
    undefined: symbols.filter((symbol) => !symbol.isDefined).map((symbol) => symbol.name),
  };
}

function readSections(view: DataView): Section[] {
  const table = Number(view.getBigUint64(0x28, true));
  const entryBytes = view.getUint16(0x3a, true);
  return Array.from({ length: view.getUint16(0x3c, true) }, (_, index) => {
    const at = table + index * entryBytes;
    return {
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 0x18, true)),
      bytes: Number(view.getBigUint64(at + 0x20, true)),
      link: view.getUint32(at + 0x28, true),
      entryBytes: Number(view.getBigUint64(at + 0x38, true)),
    };
  });
}
