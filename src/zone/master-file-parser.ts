/**
 * Reads master files (RFC 1035 section 5) and gathers all that is wrong with them, so that a
 * file is mended in one go. See master-file.ts for what is understood.
 *
 *   text ─lexEntries─► entries ─► $ directive: changes the state below, or reads more entries
 *                              ─► record: owner, TTL, class, type, rdata
 *   text ─────────────────────► lines that begin with `;windrose:`
 *
 * The state (origin, TTLs, last owner) is that of RFC 1035: each entry may lean on those before.
 *
 * @module
 */
import { normalize } from "node:path";
import { PresentationError } from "../lib/errors.ts";
import type { Fault } from "../lib/fault.ts";
import { nearestWord } from "../lib/nearest.ts";
import { unescapeText } from "../wire/escape.ts";
import { type Entry, lexEntries, lexRdata, type Token } from "../wire/lexer.ts";
import { type Name, nameEquals, parseName, ROOT } from "../wire/name.ts";
import { parseRdataTokens } from "../wire/rdata/index.ts";
import {
  classMnemonic,
  isDataType,
  parseClass,
  parseType,
  RRClass,
  RRType,
  typeMnemonic,
} from "../wire/rr-type.ts";
import { GatheredRecords, type Locate } from "./gathered-records.ts";
import { expandTemplate, GENERATED_RECORDS_MAX, parseGenerateRange } from "./generate.ts";
import type { ReadInclude } from "./include.ts";
import { type Position, SourceText } from "./source-text.ts";
import { looksLikeTtl, parseTtl } from "./ttl.ts";
import type { ZoneData } from "./zone-data.ts";

export interface MasterFileOptions {
  /** Path as the operator gave it, for faults. */
  readonly file: string;
  /** The zone, and the origin that the file starts with. Without it, the first record is the SOA and says which zone it is. */
  readonly apex?: Name;
  /** Seconds; what $TTL would say at the top of the file. */
  readonly ttl?: number;
  /** Without it, $INCLUDE is a fault. */
  readonly readInclude?: ReadInclude;
  /** Leave out what signing put into the zone, with one warning. */
  readonly skipSigning?: boolean;
}

export interface MasterFile {
  /** Undefined when any fault is an error. */
  readonly data: ZoneData | undefined;
  readonly faults: Fault[];
  /** Where the first record of this owner and type stands, or of this owner, or the file's start. */
  readonly locate: Locate;
}

/** Reads a zone from text. Never throws for what the text says. */
export function parseMasterFile(text: string, options: MasterFileOptions): MasterFile {
  const parser = new MasterFileParser(options);
  parser.readSource(new SourceText(options.file, text), []);
  return parser.finish(options.file);
}

/** Files within files; deeper is a mistake. */
const INCLUDE_DEPTH_MAX = 10;
/** In all: ten levels of a few includes each would otherwise be millions. */
const INCLUDES_MAX = 1000;
/** What all $GENERATE of a file may make together. */
const GENERATED_IN_ALL_MAX = 1_000_000;
/** More help nobody, and a file that is no zone at all has one on every line. */
const FAULTS_MAX = 1000;

/** A comment line for other servers, see master-file.ts. */
export const STEERED_LINE = ";windrose:";
/** Stands where the type stands in a steered name's line. */
export const STEERED_TYPE = "POOL";

const SIGNING_TYPES = new Set<number | undefined>(["RRSIG", "NSEC", "NSEC3", "NSEC3PARAM"].map(parseType));
const SIGNING_TYPES_AT_APEX = new Set<number | undefined>(["DNSKEY", "CDS", "CDNSKEY"].map(parseType));

const DIRECTIVES = ["$ORIGIN", "$TTL", "$INCLUDE", "$GENERATE"];
const KNOWN_TYPES = Object.keys(RRType);

/** What stands before a record's rdata. */
interface Header {
  readonly owner: Name | undefined;
  readonly ttl: number | undefined;
  /** How many tokens it took, up to and without the type. */
  readonly length: number;
}

class MasterFileParser {
  readonly #options: MasterFileOptions;
  readonly #faults: Fault[] = [];
  readonly #records = new GatheredRecords(this.#faults);
  #errorCount = 0;
  #apex: Name | undefined;
  #origin: Name | undefined;
  #defaultTtl: number | undefined;
  #lastTtl: number | undefined;
  #isTtlMissing = false;
  /** Undefined before the first; null when the last one could not be read. */
  #owner: Name | null | undefined;
  #ownerText: string | undefined;
  #includeCount = 0;
  #signingCount = 0;
  #signingAt: Position | undefined;
  #generatedCount = 0;

  constructor(options: MasterFileOptions) {
    this.#options = options;
    this.#apex = options.apex;
    this.#origin = options.apex;
    this.#defaultTtl = options.ttl;
  }

  /** `above`: the files that include this one, outermost first. */
  readSource(source: SourceText, above: readonly SourceText[]): void {
    let steeredAt = findSteeredLine(source.text, 0);
    for (const entry of lexEntries(source.text)) {
      for (
        ;
        steeredAt >= 0 && steeredAt < entry.offset;
        steeredAt = findSteeredLine(source.text, steeredAt + 1)
      ) {
        this.#readSteered(source, steeredAt);
      }
      this.#readEntry(source, entry, above);
    }
    for (; steeredAt >= 0; steeredAt = findSteeredLine(source.text, steeredAt + 1)) {
      this.#readSteered(source, steeredAt);
    }
  }

  finish(file: string): MasterFile {
    const start: Position = { file, line: 1, column: 1 };
    if (this.#apex === undefined && this.#errorCount === 0) {
      this.#add({
        severity: "error",
        ...start,
        message: "the file has no record; a zone begins with its SOA",
      });
    }
    const rrs = this.#records.settleRRsets();
    const steered = this.#records.settleSteered();
    if (this.#signingAt !== undefined) {
      const message = `${this.#signingCount} records of DNSSEC are left out, this first: Windrose serves no signatures; remove the DS at the parent`;
      this.#add({ severity: "warning", ...this.#signingAt, message });
    }
    sortFaults(this.#faults);
    if (this.#faults.length > FAULTS_MAX) {
      const rest = this.#faults.length - FAULTS_MAX;
      this.#faults.length = FAULTS_MAX;
      this.#faults.push({
        severity: this.#errorCount > 0 ? "error" : "warning",
        ...start,
        message: `${rest} more faults are not shown; mend these first`,
      });
    }
    const data =
      this.#errorCount > 0 || this.#apex === undefined ? undefined : { apex: this.#apex, rrs, steered };
    return { data, faults: this.#faults, locate: this.#records.makeLocate(start) };
  }

  #readEntry(source: SourceText, entry: Entry, above: readonly SourceText[]): void {
    if (entry.fault !== undefined) {
      this.#error(source, entry.fault.offset, entry.fault.message);
      return;
    }
    const first = entry.tokens[0]!;
    if (first.quoted || !first.text.startsWith("$")) {
      this.#readRecord(source, entry.tokens, entry.startsWithBlank);
    } else if (entry.startsWithBlank) {
      this.#error(
        source,
        first.offset,
        `${first.text} stands behind a blank; a directive begins in the first column`,
      );
    } else this.#readDirective(source, first, entry.tokens.slice(1), above);
  }

  #readDirective(
    source: SourceText,
    directive: Token,
    args: readonly Token[],
    above: readonly SourceText[],
  ): void {
    const name = directive.text.toUpperCase();
    if (name === "$ORIGIN") this.#readOrigin(source, directive, args);
    else if (name === "$TTL") this.#readDefaultTtl(source, directive, args);
    else if (name === "$INCLUDE") this.#readIncluded(source, directive, args, above);
    else if (name === "$GENERATE") this.#readGenerate(source, directive, args);
    else {
      const nearest = nearestWord(name, DIRECTIVES);
      const hint = nearest === undefined ? `known are ${DIRECTIVES.join(", ")}` : `did you mean ${nearest}?`;
      this.#error(source, directive.offset, `unknown directive ${directive.text}; ${hint}`);
    }
  }

  #readOrigin(source: SourceText, directive: Token, args: readonly Token[]): void {
    if (!this.#requireArguments(source, directive, args, 1, 1, "$ORIGIN NAME")) return;
    this.#setOrigin(this.#readName(source, args[0]!) ?? this.#origin);
  }

  #readDefaultTtl(source: SourceText, directive: Token, args: readonly Token[]): void {
    if (!this.#requireArguments(source, directive, args, 1, 1, "$TTL TIME")) return;
    const ttl = this.#readTtl(source, args[0]!);
    // A wrong one is said once here, not again at each record that leans on it.
    if (ttl === undefined) this.#isTtlMissing = true;
    else this.#defaultTtl = ttl;
  }

  #readIncluded(
    source: SourceText,
    directive: Token,
    args: readonly Token[],
    above: readonly SourceText[],
  ): void {
    if (!this.#requireArguments(source, directive, args, 1, 2, "$INCLUDE FILE [ORIGIN]")) return;
    const file = args[0]!;
    const origin = args[1] === undefined ? this.#origin : this.#readName(source, args[1]);
    if (args[1] !== undefined && origin === undefined) return;
    if (this.#options.readInclude === undefined) {
      this.#error(
        source,
        directive.offset,
        "$INCLUDE cannot be followed here, where there is no folder; put the records in its place",
      );
      return;
    }
    const chain = [...above, source];
    if (chain.length > INCLUDE_DEPTH_MAX) {
      this.#error(
        source,
        directive.offset,
        `$INCLUDE is ${chain.length} levels deep; ${INCLUDE_DEPTH_MAX} are allowed`,
      );
      return;
    }
    if (++this.#includeCount > INCLUDES_MAX) {
      if (this.#includeCount === INCLUDES_MAX + 1) {
        this.#error(
          source,
          directive.offset,
          `more than ${INCLUDES_MAX} files are included; put some together`,
        );
      }
      return;
    }
    const path = this.#readText(source, file);
    if (path === undefined) return;
    const included = this.#options.readInclude(path, source.file);
    if ("refusal" in included) {
      this.#error(source, file.offset, `$INCLUDE ${included.refusal}`);
      return;
    }
    const loopStart = chain.findIndex((each) => normalize(each.file) === included.file);
    if (loopStart >= 0) {
      const files = [...chain.slice(loopStart).map((each) => each.file), included.file].join(" -> ");
      this.#error(source, file.offset, `$INCLUDE goes round in a loop (${files}); remove one of them`);
      return;
    }
    const [outerOrigin, outerOwner, outerOwnerText] = [this.#origin, this.#owner, this.#ownerText];
    this.#setOrigin(origin);
    this.readSource(new SourceText(included.file, included.text), chain);
    this.#setOrigin(outerOrigin);
    this.#owner = outerOwner;
    this.#ownerText = outerOwnerText;
  }

  #readGenerate(source: SourceText, directive: Token, args: readonly Token[]): void {
    const usage = "$GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE RDATA";
    if (!this.#requireArguments(source, directive, args, 4, Number.POSITIVE_INFINITY, usage)) return;
    const range = parseGenerateRange(args[0]!.text);
    if (typeof range === "string") {
      this.#error(source, args[0]!.offset, range);
      return;
    }
    const errorsBefore = this.#errorCount;
    for (let counter = range.start; counter <= range.stop; counter += range.step) {
      if (++this.#generatedCount > GENERATED_IN_ALL_MAX) {
        const message = `$GENERATE makes more than ${GENERATED_IN_ALL_MAX} records in all (${GENERATED_RECORDS_MAX} for one directive); split the zone`;
        this.#error(source, directive.offset, message);
        return;
      }
      const tokens = this.#expandTokens(source, args.slice(1), counter);
      if (tokens !== undefined) this.#readRecord(source, tokens, false);
      // Each turn has the same faults, so those of one turn say all.
      if (this.#errorCount > errorsBefore) return;
    }
  }

  #expandTokens(source: SourceText, templates: readonly Token[], counter: number): Token[] | undefined {
    const tokens: Token[] = [];
    for (const template of templates) {
      const expanded = expandTemplate(template.text, counter);
      if ("fault" in expanded) {
        this.#error(source, template.offset, expanded.fault);
        return undefined;
      }
      tokens.push({ ...template, text: expanded.text });
    }
    const last = tokens.at(-1)!;
    const typeIndex = tokens.findIndex(
      (token, index) => index > 0 && !token.quoted && isTypeToken(token.text),
    );
    if (!last.quoted || typeIndex !== tokens.length - 2) return tokens;
    // BIND's rdata is one token, so that of several fields stands in quotes: MX "10 mx$".
    try {
      const fields = lexRdata(last.text).map((field) => ({ ...field, offset: last.offset }));
      return [...tokens.slice(0, -1), ...fields];
    } catch (error) {
      this.#error(source, last.offset, messageOf(error));
      return undefined;
    }
  }

  #readRecord(source: SourceText, tokens: readonly Token[], startsWithBlank: boolean): void {
    const header = this.#readHeader(source, tokens, startsWithBlank);
    const typeToken = tokens[header.length];
    const type = this.#readType(source, tokens, header, startsWithBlank);
    if (type === undefined || typeToken === undefined) return;
    const rdataTokens = tokens.slice(header.length + 1);
    const rdata = this.#readRdata(source, type, typeToken, rdataTokens);
    if (this.#apex === undefined) this.#readFirst(source, tokens[0]!.offset, type, header.owner);
    const ttl = header.ttl ?? this.#missingTtl(source, typeToken.offset, type, rdata);
    if (header.owner === undefined || rdata === undefined) return;
    this.#records.addRR({ owner: header.owner, type, ttl, rdata }, source, tokens[0]!.offset);
  }

  #readHeader(source: SourceText, tokens: readonly Token[], startsWithBlank: boolean): Header {
    let at = 0;
    if (!startsWithBlank) this.#readOwner(source, tokens[at++]!);
    else if (this.#owner === undefined) {
      const message =
        "a line that begins with a blank goes on with the owner above, and there is none; write the owner first";
      this.#error(source, tokens[0]!.offset, message);
      this.#owner = null;
    }
    let ttl: number | undefined;
    let hasTtl = false;
    let hasClass = false;
    for (; at < tokens.length; at++) {
      const token = tokens[at]!;
      if (token.quoted) break;
      // ANY is a class too, but who writes it here means the type.
      const rrClass = hasClass || token.text.toUpperCase() === "ANY" ? undefined : parseClass(token.text);
      if (!hasTtl && looksLikeTtl(token.text)) {
        hasTtl = true;
        // Said already when it is wrong, so whatever stands for it does no harm.
        ttl = this.#readTtl(source, token) ?? 0;
        this.#lastTtl = ttl;
      } else if (rrClass !== undefined) {
        hasClass = true;
        if (rrClass !== RRClass.IN) {
          this.#error(
            source,
            token.offset,
            `class ${classMnemonic(rrClass)} is not served; write IN or leave it out`,
          );
        }
      } else break;
    }
    return { owner: this.#owner ?? undefined, ttl, length: at };
  }

  #readOwner(source: SourceText, token: Token): void {
    if (this.#ownerText === token.text && !token.quoted && this.#owner) return;
    const owner = this.#readName(source, token);
    this.#owner = owner ?? null;
    this.#ownerText = owner === undefined ? undefined : token.text;
  }

  #readType(
    source: SourceText,
    tokens: readonly Token[],
    header: Header,
    startsWithBlank: boolean,
  ): number | undefined {
    const token = tokens[header.length];
    if (token === undefined) {
      const last = tokens.at(-1)!;
      this.#error(
        source,
        last.offset,
        "the record ends before its type; write OWNER [TTL] [CLASS] TYPE RDATA",
      );
      return undefined;
    }
    const type = token.quoted ? undefined : parseType(token.text);
    if (type !== undefined && isDataType(type)) {
      if (this.#options.skipSigning !== true || !this.#isOfSigning(type, header.owner)) return type;
      this.#signingCount++;
      this.#signingAt ??= source.positionOf(token.offset);
      return undefined;
    }
    if (type !== undefined) {
      const message = `${typeMnemonic(type)} is a type of questions or of single messages, not of zones; remove the record`;
      this.#error(source, token.offset, message);
      return undefined;
    }
    const nearest = nearestWord(token.text, KNOWN_TYPES);
    const hint =
      !startsWithBlank && header.length === 1 && isTypeToken(tokens[0]!.text)
        ? "a line that goes on with the owner above begins with a blank"
        : nearest === undefined
          ? "wanted a mnemonic such as A, or TYPEnnn"
          : `did you mean ${nearest}?`;
    this.#error(source, token.offset, `unknown RR type "${token.text}"; ${hint}`);
    return undefined;
  }

  /** DNSKEY and its like elsewhere than at the apex are somebody's data. */
  #isOfSigning(type: number, owner: Name | undefined): boolean {
    if (SIGNING_TYPES.has(type)) return true;
    if (!SIGNING_TYPES_AT_APEX.has(type)) return false;
    return owner !== undefined && this.#apex !== undefined && nameEquals(owner, this.#apex);
  }

  #readRdata(
    source: SourceText,
    type: number,
    typeToken: Token,
    tokens: readonly Token[],
  ): Uint8Array | undefined {
    if (tokens.length === 0) {
      const message = `${typeMnemonic(type)} has no rdata; write it behind the type`;
      this.#error(source, typeToken.offset, message);
      return undefined;
    }
    return this.#withOrigin(source, typeToken.offset, 0, (origin) => parseRdataTokens(type, tokens, origin));
  }

  /** The first record, where nobody said which zone it is. */
  #readFirst(source: SourceText, offset: number, type: number, owner: Name | undefined): void {
    if (type !== RRType.SOA) {
      this.#error(
        source,
        offset,
        `the first record is ${typeMnemonic(type)}; a zone begins with its SOA, which says what zone it is`,
      );
    }
    this.#apex = owner ?? ROOT; // without an owner there is a fault already, and no zone
  }

  /** RFC 2308 section 4: $TTL; without it, RFC 1035 section 5.1: the last one written; without that, the SOA's MINIMUM. */
  #missingTtl(source: SourceText, offset: number, type: number, rdata: Uint8Array | undefined): number {
    const known = this.#defaultTtl ?? this.#lastTtl;
    if (known !== undefined) return known;
    if (type === RRType.SOA && rdata !== undefined) {
      const minimum = new DataView(rdata.buffer, rdata.byteOffset + rdata.length - 4).getUint32(0);
      this.#defaultTtl = minimum > 0x7fff_ffff ? 0 : minimum; // RFC 2181 section 8
      return this.#defaultTtl;
    }
    if (!this.#isTtlMissing) {
      this.#isTtlMissing = true;
      this.#error(
        source,
        offset,
        "no TTL here, none before and no $TTL; write $TTL 1h at the top of the file, or the TTL before the type",
      );
    }
    return 0;
  }

  #readSteered(source: SourceText, lineStart: number): void {
    const start = lineStart + STEERED_LINE.length;
    const end = source.text.indexOf("\n", start);
    const entry = lexEntries(source.text.slice(start, end < 0 ? undefined : end)).next().value;
    const tokens = (entry?.tokens ?? []).map((token) => ({ ...token, offset: token.offset + start }));
    if (entry?.fault !== undefined) {
      this.#error(source, entry.fault.offset + start, entry.fault.message);
      return;
    }
    const [ownerToken] = tokens;
    const owner = ownerToken === undefined ? undefined : this.#readName(source, ownerToken);
    if (ownerToken !== undefined && owner === undefined) return;
    const [kind, pool] = tokens.slice(-2);
    const middle = tokens.slice(1, -2);
    const ttls = middle.filter((token) => looksLikeTtl(token.text));
    const classes = middle.filter((token) => parseClass(token.text) === RRClass.IN);
    const isWellFormed =
      tokens.length >= 3 &&
      kind?.text.toUpperCase() === STEERED_TYPE &&
      ttls.length <= 1 &&
      classes.length <= 1 &&
      ttls.length + classes.length === middle.length;
    if (!isWellFormed || kind === undefined || pool === undefined || owner === undefined) {
      this.#error(
        source,
        lineStart,
        `this line steers no name; write ${STEERED_LINE} OWNER [TTL] [IN] ${STEERED_TYPE} NAME`,
      );
      return;
    }
    const text = this.#readText(source, pool);
    const written = ttls[0] === undefined ? undefined : this.#readTtl(source, ttls[0]);
    if (text === undefined || (ttls[0] !== undefined && written === undefined)) return;
    const ttl = written ?? this.#missingTtl(source, kind.offset, 0, undefined);
    this.#records.addSteered({ owner, pool: text, ttl }, source, lineStart);
  }

  #setOrigin(origin: Name | undefined): void {
    this.#origin = origin;
    this.#ownerText = undefined;
  }

  #requireArguments(
    source: SourceText,
    directive: Token,
    args: readonly Token[],
    min: number,
    max: number,
    usage: string,
  ): boolean {
    if (args.length >= min && args.length <= max) return true;
    const at = args[max] ?? directive;
    const message = args.length < min ? `${directive.text} is not complete` : `"${at.text}" is too much`;
    this.#error(source, at.offset, `${message}; write ${usage}`);
    return false;
  }

  #readName(source: SourceText, token: Token): Name | undefined {
    if (token.quoted) {
      this.#error(source, token.offset, `the name "${token.text}" is in quotes; write it without`);
      return undefined;
    }
    return this.#withOrigin(source, token.offset, token.offset, (origin) => parseName(token.text, origin));
  }

  /** Runs a parser; its faults are `base` further on. That the file has no origin is said once, where it is first missed. */
  #withOrigin<T>(
    source: SourceText,
    offset: number,
    base: number,
    parse: (origin: Name | undefined) => T,
  ): T | undefined {
    try {
      return parse(this.#origin);
    } catch (error) {
      const parsed = this.#origin === undefined ? attempt(() => parse(ROOT)) : undefined;
      if (parsed === undefined) this.#error(source, base + offsetOf(error), messageOf(error));
      else {
        this.#error(
          source,
          offset,
          "a relative name, and no origin yet; write $ORIGIN at the top of the file, or say which zone it is",
        );
        this.#setOrigin(ROOT);
      }
      return parsed;
    }
  }

  #readTtl(source: SourceText, token: Token): number | undefined {
    const ttl = token.quoted ? undefined : parseTtl(token.text);
    if (ttl !== undefined) return ttl;
    const what = looksLikeTtl(token.text) ? "is beyond 2147483647 seconds" : "is no time";
    this.#error(source, token.offset, `TTL "${token.text}" ${what}; write seconds, or units as in 1h30m`);
    return undefined;
  }

  #readText(source: SourceText, token: Token): string | undefined {
    try {
      return Buffer.from(unescapeText(token.text)).toString();
    } catch (error) {
      this.#error(source, token.offset + offsetOf(error), messageOf(error));
      return undefined;
    }
  }

  #error(source: SourceText, offset: number, message: string): void {
    this.#add({ severity: "error", ...source.positionOf(offset), message });
  }

  #add(fault: Fault): void {
    if (fault.severity === "error") this.#errorCount++;
    this.#faults.push(fault);
  }
}

/** By file, in the order in which faults were found in them, then by place. */
function sortFaults(faults: Fault[]): void {
  const files = [...new Set(faults.map(({ file }) => file))];
  const ranks = new Map(files.map((file, rank) => [file, rank]));
  faults.sort((a, b) => ranks.get(a.file)! - ranks.get(b.file)! || a.line - b.line || a.column - b.column);
}

/** The start of the next line that steers a name, at or behind `from`; -1 when there is none. */
function findSteeredLine(text: string, from: number): number {
  for (let at = text.indexOf(STEERED_LINE, from); at >= 0; at = text.indexOf(STEERED_LINE, at + 1)) {
    // No quote goes over a line's end, so here it is a comment, and nothing else.
    if (at === 0 || text[at - 1] === "\n") return at;
  }
  return -1;
}

function isTypeToken(text: string): boolean {
  return parseType(text) !== undefined;
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PresentationError) return undefined;
    throw error;
  }
}

/** Of what presentation parsers throw; all else is our own mistake. */
function messageOf(error: unknown): string {
  if (error instanceof PresentationError) return error.message;
  throw error;
}

function offsetOf(error: unknown): number {
  if (error instanceof PresentationError) return error.offset;
  throw error;
}
