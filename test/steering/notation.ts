/**
 * Pools in a line of text, for tests and for the tables of docs/steering/.
 *
 *   web policy=failover: [eu] [us]=2; eu answers=2 min-up=2: a=3 b/4 -c; us: d >cdn
 *
 * `a` is an endpoint of weight 1 with both families, `a=3` has weight 3, `b/4` and `b/6` one
 * family only, `-c` is disabled, `>cdn` a target, `[eu]` a pool. The first pool is the one
 * asked. One name has one address wherever it stands. Words before the colon are the pool's
 * options; `policy` takes steps with `+` between them, and `weighted.smooth` is a smooth draw.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ClientPlace } from "../../src/geo/client-place.ts";
import { parseAddress } from "../../src/lib/address.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { choose, Picks, type SteerRequest } from "../../src/steering/choose.ts";
import { Draws } from "../../src/steering/draws.ts";
import { type LiveTable, makeLiveTable, setUp, setWeight } from "../../src/steering/live.ts";
import { rememberedBy } from "../../src/steering/memory.ts";
import { compilePools, type Pool } from "../../src/steering/pool.ts";
import type { MemberSpec, PoolSpec, StepSpec } from "../../src/steering/spec.ts";
import type { Trace } from "../../src/steering/trace.ts";
import { parseName } from "../../src/wire/name.ts";
import { UNSAID } from "../support/answers.ts";

export interface BenchOptions {
  /** For pools that name none. */
  policy?: string;
  answers?: number;
  /** `a` is down in every pool, `eu/a` in that pool only. */
  down?: readonly string[];
  seed?: number;
}

/** Pools with all that a choice needs around them. */
export class Bench {
  readonly pools: ReadonlyMap<string, Pool>;
  readonly top: Pool;
  readonly live: LiveTable;
  readonly picks = new Picks();
  readonly request: SteerRequest;
  readonly #slots: ReadonlyMap<string, number>;

  constructor(specs: readonly PoolSpec[], options: BenchOptions = {}) {
    const slots = new Map<string, number>();
    this.pools = compilePools(specs, (pool, member) => {
      const slot = slots.size;
      slots.set(`${pool}/${member}`, slot);
      return slot;
    });
    this.top = this.pools.get(specs[0]!.id)!;
    this.live = makeLiveTable({
      slots: slots.size,
      pools: this.pools.size,
      remembered: rememberedBy(specs),
    });
    this.#slots = slots;
    this.request = {
      family: 4,
      random: new SeededRandom(options.seed ?? 1),
      draws: new Draws(),
      live: this.live,
      client: new ClientPlace(),
      latency: null,
    };
    for (const name of options.down ?? []) this.set(name, false);
  }

  set(name: string, isUp: boolean): void {
    for (const slot of this.#slotsOf(name)) setUp(this.live, slot, isUp);
  }

  /** From now on this client asks: an address, or a network as ECS names it. */
  from(client: string): this {
    const [address, length] = client.split("/");
    const octets = parseAddress(address!);
    assert(octets !== undefined, `no address "${client}"`);
    const family = octets.length === 4 ? 4 : 6;
    const { network } = this.request.client;
    network.set(
      family,
      octets,
      0,
      Number(length ?? 8 * octets.length),
      length === undefined ? "resolver" : "ecs",
    );
    return this;
  }

  /** From now on a member has this part of its weight. */
  weigh(name: string, part: number): void {
    for (const slot of this.#slotsOf(name)) setWeight(this.live, slot, part);
  }

  #slotsOf(name: string): number[] {
    const found = [...this.#slots].filter(([key]) => key === name || key.endsWith(`/${name}`));
    assert(found.length > 0, `no member "${name}"`);
    return found.map(([, slot]) => slot);
  }

  /** The names of the members answered, with `+` between them; NODATA when there are none. */
  ask(type: "A" | "AAAA" = "A", trace: Trace | null = null): string {
    this.request.family = type === "A" ? 4 : 6;
    choose(this.top, this.request, this.picks, trace);
    const names = this.picks.members.slice(0, this.picks.count).map((member) => member!.name);
    return names.join("+") || "NODATA";
  }

  /** So many answers, one after the other. */
  row(count: number, type: "A" | "AAAA" = "A"): string {
    return Array.from({ length: count }, () => this.ask(type)).join(" ");
  }

  /** How many of `draws` answers each member is in. */
  count(draws: number, type: "A" | "AAAA" = "A"): Map<string, number> {
    const counts = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      for (const name of this.ask(type).split("+")) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }
}

export function benchOf(text: string, options: BenchOptions = {}): Bench {
  return new Bench(parsePools(text, options), options);
}

export function parsePools(text: string, options: BenchOptions = {}): PoolSpec[] {
  return text.split(";").map((part) => {
    const [head, members] = part.split(":");
    assert(head !== undefined && members !== undefined, `no colon in "${part}"`);
    const [id, ...words] = head.trim().split(/\s+/);
    const given = new Map(words.map((word) => word.split("=") as [string, string]));
    const whenDown = given.get("when-down") ?? "open";
    return {
      id: id!,
      members: members.trim().split(/\s+/).filter(Boolean).map(parseMember),
      policy: parsePolicy(given.get("policy") ?? options.policy ?? "failover"),
      answers: Number(given.get("answers") ?? options.answers ?? 1),
      minUp: Number(given.get("min-up") ?? 1),
      whenDown: whenDown === "open" || whenDown === "closed" ? whenDown : { pool: whenDown },
    };
  });
}

function parsePolicy(text: string): StepSpec[] {
  return text.split("+").map((step) => {
    const [type, draw] = step.split(".");
    return { type: type!, options: draw === undefined ? {} : { draw } };
  });
}

function parseMember(text: string): MemberSpec {
  const match = /^(-?)(>?)(\[?)(\w+)\]?(?:\/([46]))?(?:=([\d.]+))?$/.exec(text);
  assert(match !== null, `cannot read member "${text}"`);
  const [, off, target, pool, name, family, weight] = match;
  const common = { name: name!, weight: Number(weight ?? 1), enabled: off === "" };
  if (pool !== "") return { ...common, ...UNSAID, kind: "pool", pool: name! };
  if (target !== "")
    return { ...common, ...UNSAID, kind: "target", target: parseName(`${name}.example.net.`) };
  return {
    ...common,
    ...UNSAID,
    kind: "endpoint",
    ipv4: family === "6" ? null : Uint8Array.from([192, 0, ...hash(name!)]),
    ipv6:
      family === "4" ? null : Uint8Array.from([0x20, 1, 0xd, 0xb8, ...new Array(10).fill(0), ...hash(name!)]),
  };
}

/** Two octets from a name, different for the short names of tests: `z` and `m99` too. */
function hash(name: string): [number, number] {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) & 0xffff;
  return [sum >> 8, sum & 0xff];
}
