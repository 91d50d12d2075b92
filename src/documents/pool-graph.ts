/**
 * How pools hang together: which pools a pool leads to, by its members and by `when-down`, and
 * what follows from that.
 *
 *   web ─┬─ eu ── 192.0.2.10            levels: web 2, eu 1
 *        └─ us ── 198.51.100.10         families: IPv4 only
 *             └┄ when-down ┄ cdn ── target     yields a target: web, us, cdn
 *
 * One walk in depth-first order settles all of it, without recursion: a chain of pools can be
 * as long as a file.
 *
 * @module
 */
import type { PoolDocument } from "./configuration.ts";
import type { FaultList, Place, Written } from "./fault-list.ts";
import { POOL_LEVELS_MAX } from "./limits.ts";
import type { PoolText } from "./schema.ts";
import { unknownWord } from "./schema-faults.ts";

interface Edge {
  readonly to: string;
  readonly place: Place;
  readonly isWhenDown: boolean;
}

interface Vertex {
  readonly id: string;
  readonly edges: readonly Edge[];
  next: number;
  isOpen: boolean;
  isDone: boolean;
  /** Pools from here down, itself included. */
  levels: number;
  /** The first edge of the longest way down. */
  deepest: Edge | undefined;
  hasIpv4: boolean;
  hasIpv6: boolean;
  /** The pool with a target that it leads to; itself possibly. */
  target: string | undefined;
  /** Leads to a pool that is not known well enough for statements about what it lacks. */
  isVague: boolean;
}

export class PoolGraph {
  readonly #vertices = new Map<string, Vertex>();
  readonly #faults: FaultList;
  /** There are more pools than are known. */
  readonly isBlind: boolean;
  #hasUnknown = false;

  /**
   * `written` holds each pool once, broken ones too; `pools` those that compiled. `isBlind` says that
   * there are more pools, in files that could not be read: then none is called unknown.
   */
  constructor(
    written: ReadonlyMap<string, Written<PoolText>>,
    pools: ReadonlyMap<string, PoolDocument>,
    { faults, isBlind }: { faults: FaultList; isBlind: boolean },
  ) {
    this.#faults = faults;
    this.isBlind = isBlind;
    for (const [id, { place, text, isWhole }] of written) {
      const pool = pools.get(id);
      const isEndpointOf = (key: "ipv4" | "ipv6") =>
        pool?.members.some(
          (member) => member.kind === "target" || (member.kind === "endpoint" && member[key] !== null),
        ) ?? false;
      this.#vertices.set(id, {
        id,
        edges: text === undefined ? [] : this.#edgesOf(id, text, place, written),
        next: 0,
        isOpen: false,
        isDone: false,
        levels: 1,
        deepest: undefined,
        hasIpv4: isEndpointOf("ipv4"),
        hasIpv6: isEndpointOf("ipv6"),
        target: pool?.members.some((member) => member.kind === "target") ? id : undefined,
        isVague: !isWhole || pool === undefined || pool.members.length !== text?.members.length,
      });
    }
    for (const vertex of this.#vertices.values()) if (!vertex.isDone) this.#walk(vertex);
    for (const [id, pool] of pools)
      this.#warnOfFamilies(this.#vertices.get(id)!, pool, written.get(id)!.place);
  }

  /** The pool with a `target:` that the pool can lead to, if there is one. */
  targetPoolOf(id: string): string | undefined {
    return this.#vertices.get(id)?.target;
  }

  /** All pools that the given ones lead to, themselves included. */
  reachable(from: Iterable<string>): Set<string> {
    const reached = new Set<string>();
    const waiting = [...from];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const vertex = this.#vertices.get(id);
      if (vertex === undefined || reached.has(id)) continue;
      reached.add(id);
      for (const edge of vertex.edges) waiting.push(edge.to);
    }
    return reached;
  }

  /** A pool names one that is not there, which was reported. */
  get hasUnknown(): boolean {
    return this.#hasUnknown;
  }

  has(id: string): boolean {
    return this.#vertices.has(id);
  }

  /** The same pools, and each leads to the same target: names that one of the two lets pass, the other does. */
  leadsAs(other: PoolGraph): boolean {
    if (this.#vertices.size !== other.#vertices.size) return false;
    for (const [id, { target }] of this.#vertices) {
      const vertex = other.#vertices.get(id);
      if (vertex === undefined || vertex.target !== target) return false;
    }
    return true;
  }

  /** What is wrong with an id that is no pool; undefined where that is not sure. */
  unknown(id: string): string | undefined {
    return this.isBlind ? undefined : unknownPool(id, [...this.#vertices.keys()]);
  }

  #edgesOf(id: string, text: PoolText, place: Place, written: ReadonlyMap<string, unknown>): Edge[] {
    const edges: Edge[] = [];
    const add = (to: string, at: Place, isWhenDown: boolean) => {
      if (written.has(to)) edges.push({ to, place: at, isWhenDown });
      else if (!this.isBlind) {
        const known = [...written.keys()].filter((other) => other !== id);
        this.#hasUnknown = true;
        this.#faults.error(at, "value", unknownPool(to, isWhenDown ? ["open", "closed", ...known] : known));
      }
    };
    for (const [index, member] of text.members.entries()) {
      if (typeof member === "object" && member?.pool !== undefined)
        add(member.pool, place.at("members", index, "pool"), false);
    }
    const whenDown = text["when-down"];
    if (whenDown !== undefined && whenDown !== "open" && whenDown !== "closed")
      add(whenDown, place.at("when-down"), true);
    return edges;
  }

  #walk(from: Vertex): void {
    const stack = [from];
    const way: Edge[] = [];
    from.isOpen = true;
    for (let top = from; ; ) {
      const edge = top.edges[top.next++];
      if (edge === undefined) {
        this.#finish(top);
        stack.pop();
        way.pop();
        if (stack.length === 0) return;
        top = stack.at(-1)!;
        continue;
      }
      const to = this.#vertices.get(edge.to)!;
      if (to.isOpen) this.#reportCycle(stack, [...way, edge], to);
      else if (!to.isDone) {
        to.isOpen = true;
        stack.push(to);
        way.push(edge);
        top = to;
      }
    }
  }

  #finish(vertex: Vertex): void {
    vertex.isOpen = false;
    vertex.isDone = true;
    for (const edge of vertex.edges) {
      const to = this.#vertices.get(edge.to)!;
      if (!to.isDone) continue; // closes a cycle, which is reported
      if (to.levels + 1 > vertex.levels) {
        vertex.levels = to.levels + 1;
        vertex.deepest = edge;
      }
      vertex.target ??= to.target;
      if (edge.isWhenDown) continue; // helps nobody while the pool is up
      vertex.hasIpv4 ||= to.hasIpv4;
      vertex.hasIpv6 ||= to.hasIpv6;
      vertex.isVague ||= to.isVague;
    }
    // Only where the limit is crossed: pools above this one are too deep because of it.
    if (vertex.levels !== POOL_LEVELS_MAX + 1) return;
    const names = [vertex.id];
    for (let at = vertex.deepest; at !== undefined; at = this.#vertices.get(at.to)!.deepest)
      names.push(at.to);
    const message = `pools nest ${vertex.levels} levels deep: ${names.join(" → ")}; ${POOL_LEVELS_MAX} is the limit`;
    this.#faults.error(vertex.deepest!.place, "value", message);
  }

  #reportCycle(stack: readonly Vertex[], way: readonly Edge[], to: Vertex): void {
    const start = stack.indexOf(to);
    const steps = way.slice(start).map((edge) => `${edge.isWhenDown ? "(when-down) " : ""}${edge.to}`);
    const message = `pools lead back to themselves: ${[to.id, ...steps].join(" → ")}; take one of these steps out`;
    this.#faults.error(way.at(-1)!.place, "value", message);
  }

  #warnOfFamilies(vertex: Vertex, pool: PoolDocument, place: Place): void {
    // A pool of pools lacks what each of its pools lacks, and they are warned of.
    if (vertex.isVague || !pool.members.some((member) => member.kind === "endpoint")) return;
    const lacks = vertex.hasIpv4 ? (vertex.hasIpv6 ? undefined : ["IPv6", "AAAA"]) : ["IPv4", "A"];
    if (lacks === undefined) return;
    const message = `pool "${pool.id}" has no ${lacks[0]} address, so ${lacks[1]} queries get no data; add ${lacks[0]} addresses to its members`;
    this.#faults.warning(place, "key", message);
  }
}

function unknownPool(id: string, known: readonly string[]): string {
  return known.length > 0
    ? unknownWord("pool", id, known)
    : `unknown pool "${id}"; no other pool is defined, so add it under pools`;
}
