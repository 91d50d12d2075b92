/**
 * Reads one HTTP/1.1 response (RFC 9112) as it comes: head, then as much of the body as a check looks at.
 *
 *   octets ─► head ─┬─ 1xx: the next head
 *                   └─► body: none │ by length │ chunked │ until the end ─► "done"
 *
 * An endpoint may send anything, for ever, octet by octet: memory is bounded by the limits below and time by what comes.
 * Strict where being lenient could hide a broken endpoint (lengths, chunks, the form of lines); what stands behind the
 * end of the response is not looked at.
 *
 * @module
 */
import { OctetBuffer } from "./octet-buffer.ts";
import { plural, quote } from "./words.ts";

/** Of a status line with all headers. Servers accept 8 to 32 KiB of a client. */
const HEAD_OCTETS_MAX = 32 * 1024;
/** What of a body is looked at; the reference of documents promises it. */
export const BODY_OCTETS_MAX = 64 * 1024;
/** RFC 9110 section 15.2 allows any number. */
const INTERIM_MAX = 20;
/** A chunk's size with its extensions, and a line of the trailers. */
const CHUNK_LINE_OCTETS_MAX = 1024;
const TRAILER_LINES_MAX = 100;

const LF = 0x0a;
const CR = 0x0d;

/** "more" is wanted, all that a check looks at is there, or what is wrong. */
export type ReadState = "more" | "done" | { readonly fault: string };

type Framing = "head" | "length" | "size" | "data" | "data-end" | "trailers" | "until-end";

export class HttpResponseReader {
  status = 0;
  statusText = "";
  headers: (readonly [name: string, value: string])[] = [];
  readonly body = new OctetBuffer(BODY_OCTETS_MAX);
  readonly #isHead: boolean;
  #head = new OctetBuffer(HEAD_OCTETS_MAX);
  #line = new OctetBuffer(CHUNK_LINE_OCTETS_MAX);
  #framing: Framing = "head";
  /** Octets to come of the body, or of the chunk. */
  #left = 0;
  #length: number | undefined;
  #interim = 0;
  #trailerLines = 0;

  /** A response to HEAD has no body, whatever it says. */
  constructor(method: string) {
    this.#isHead = method === "HEAD";
  }

  /** Whether the head is read, and with it the status. */
  get hasHead(): boolean {
    return this.#framing !== "head";
  }

  /** The first of that name, which is in lower case. */
  header(name: string): string | undefined {
    return this.headers.find(([one]) => one === name)?.[1];
  }

  feed(piece: Buffer): ReadState {
    let rest = piece;
    while (rest.length > 0) {
      if (this.body.isFull) return "done";
      const took = this.#framing === "head" ? this.#takeHead(rest) : this.#takeBody(rest);
      if (typeof took !== "number") return took;
      rest = rest.subarray(took);
    }
    return this.body.isFull ? "done" : "more";
  }

  /** The connection ended. */
  end(): ReadState {
    switch (this.#framing) {
      case "until-end":
        return "done";
      case "head":
        if (this.#head.length === 0) return fault("connection closed without a response");
        return this.#notHttp(this.#head.octets) ?? fault("connection closed within the headers");
      case "length":
        return fault(`body ended after ${this.body.length} of ${this.#length} octets`);
      default:
        return fault(`chunked body ended early, after ${plural(this.body.length, "octet")}`);
    }
  }

  /** How far it came, for a time-out. */
  get progress(): string {
    if (this.#framing !== "head") return `${plural(this.body.length, "octet")} of the body came`;
    return this.#head.length === 0 ? "" : `${plural(this.#head.length, "octet")} of the headers came`;
  }

  #takeHead(piece: Buffer): number | ReadState {
    const before = this.#head.length;
    // Most heads come in one piece, and need not be copied.
    const isWhole = before === 0 && endOfHead(piece, 0) >= 0 && piece.length <= HEAD_OCTETS_MAX;
    if (!isWhole) this.#head.push(piece);
    const octets = isWhole ? piece : this.#head.octets;
    const notHttp = this.#notHttp(octets);
    if (notHttp !== undefined) return notHttp;
    const end = endOfHead(octets, Math.max(0, before - 3));
    if (end < 0) {
      return this.#head.isFull ? fault(`headers of more than ${HEAD_OCTETS_MAX / 1024} KiB`) : piece.length;
    }
    const wrong = this.#readHead(octets.toString("latin1", 0, end));
    if (wrong !== undefined) return wrong;
    if (!isWhole) this.#head = new OctetBuffer(HEAD_OCTETS_MAX);
    const taken = end - before;
    if (this.status >= 200) return this.#startBody() ?? taken;
    if (this.status === 101) return fault("HTTP 101, a change of protocol that nobody asked for");
    if (++this.#interim > INTERIM_MAX) return fault(`more than ${INTERIM_MAX} interim (1xx) responses`);
    return taken;
  }

  #notHttp(octets: Buffer): { readonly fault: string } | undefined {
    const start = octets.toString("latin1", 0, 7);
    if ("HTTP/1.".startsWith(start) || start.startsWith("HTTP/1.")) return undefined;
    const looksLikeTls = octets[0] === 0x15 || octets[0] === 0x16;
    if (looksLikeTls) return fault("not HTTP but TLS; does the monitor want tls: true?");
    return fault(`not HTTP/1: begins with ${quote(octets.toString("latin1", 0, 40))}`);
  }

  #readHead(text: string): { readonly fault: string } | undefined {
    const lines = text.split("\n");
    const status = /^HTTP\/1\.[0-9] ([1-5][0-9]{2})(?: (.*))?$/.exec(lines[0]!.replace(/\r$/, ""));
    if (status === null) return fault(`malformed status line ${quote(lines[0]!.trimEnd())}`);
    this.status = Number(status[1]);
    this.statusText = status[2] ?? "";
    this.headers = [];
    for (let i = 1; i < lines.length; i++) {
      const line = lines[i]!;
      if (line === "" || line === "\r") continue;
      const colon = line.indexOf(":");
      // A line that begins with space would fold into the one before: obsolete, RFC 9112 section 5.2.
      if (colon < 1 || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(line.slice(0, colon))) {
        return fault(`malformed header ${quote(line.trimEnd())}`);
      }
      this.headers.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]);
    }
    return undefined;
  }

  /** RFC 9112 section 6.3. */
  #startBody(): ReadState | undefined {
    this.#framing = "until-end";
    if (this.#isHead || this.status === 204 || this.status === 304) return "done";
    const coding = this.header("transfer-encoding");
    if (coding !== undefined) {
      if (/(?:^|,)[ \t]*chunked$/i.test(coding)) this.#framing = "size";
      return undefined;
    }
    const lengths = new Set(
      this.headers.flatMap(([name, value]) =>
        name === "content-length" ? value.split(/[ \t]*,[ \t]*/) : [],
      ),
    );
    if (lengths.size === 0) return undefined;
    const [length] = lengths as Set<string>;
    if (lengths.size > 1) return fault(`two different Content-Lengths: ${quote([...lengths].join(", "))}`);
    if (!/^[0-9]{1,15}$/.test(length!)) return fault(`malformed Content-Length ${quote(length!)}`);
    this.#framing = "length";
    this.#length = Number(length);
    this.#left = this.#length;
    return this.#left === 0 ? "done" : undefined;
  }

  #takeBody(piece: Buffer): number | ReadState {
    switch (this.#framing) {
      case "until-end":
        this.body.push(piece);
        return piece.length;
      case "length":
        return this.#takeData(piece, () => "done");
      case "data":
        return this.#takeData(piece, () => {
          this.#framing = "data-end";
          return undefined;
        });
      default:
        return this.#takeLine(piece);
    }
  }

  #takeData(piece: Buffer, atEnd: () => ReadState | undefined): number | ReadState {
    const data = piece.subarray(0, this.#left);
    this.body.push(data);
    this.#left -= data.length;
    return (this.#left === 0 ? atEnd() : undefined) ?? data.length;
  }

  /** The lines around chunks. */
  #takeLine(piece: Buffer): number | ReadState {
    const lineEnd = piece.indexOf(LF);
    const part = lineEnd < 0 ? piece : piece.subarray(0, lineEnd);
    if (this.#line.length + part.length > CHUNK_LINE_OCTETS_MAX) {
      return fault(`chunked body is garbage: a line of more than ${CHUNK_LINE_OCTETS_MAX} octets`);
    }
    this.#line.push(part);
    if (lineEnd < 0) return piece.length;
    const line = this.#line.octets.toString("latin1", 0, this.#line.length).replace(/\r$/, "");
    this.#line = new OctetBuffer(CHUNK_LINE_OCTETS_MAX);
    return this.#readLine(line) ?? lineEnd + 1;
  }

  #readLine(line: string): ReadState | undefined {
    if (this.#framing === "trailers") {
      if (line === "") return "done";
      return ++this.#trailerLines > TRAILER_LINES_MAX
        ? fault(`more than ${TRAILER_LINES_MAX} trailers`)
        : undefined;
    }
    if (this.#framing === "data-end") {
      if (line !== "") return fault(`chunked body is garbage: a chunk is longer than it says`);
      this.#framing = "size";
      return undefined;
    }
    const size = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?$/.exec(line);
    if (size === null) return fault(`chunked body is garbage: ${quote(line)} is no size of a chunk`);
    this.#left = Number.parseInt(size[1]!, 16);
    this.#framing = this.#left === 0 ? "trailers" : "data";
    return undefined;
  }
}

function fault(text: string): { readonly fault: string } {
  return { fault: text };
}

/** Behind the empty line, looked for from `from` on; -1 when it is not there. */
function endOfHead(octets: Buffer, from: number): number {
  for (let at = octets.indexOf(LF, from); at >= 0; at = octets.indexOf(LF, at + 1)) {
    if (octets[at + 1] === LF) return at + 2;
    if (octets[at + 1] === CR && octets[at + 2] === LF) return at + 3;
  }
  return -1;
}
