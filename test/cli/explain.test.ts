import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/cli/explain.ts";
import { type MmdbContents, writeMmdb } from "../support/mmdb-writer.ts";

const DOCUMENTS = `
pools:
  web: { policy: failover, members: [{ pool: eu }, { pool: us }] }
  eu:
    members:
      - { name: eu-1, address: [192.0.2.1, "2001:db8::1"], weight: 1 }
      - { name: eu-2, address: [192.0.2.2, "2001:db8::2"], weight: 3 }
      - { name: eu-3, address: [192.0.2.3, "2001:db8::3"], weight: 6 }
  fast: { policy: latency, members: [{ pool: eu, region: eu }, { pool: us, region: us }] }
  us: { members: [{ name: us-1, address: [198.51.100.1, "2001:db8:1::1"] }] }
zones:
  example.test:
    ttl: 300
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.53 }
      ns2: { A: 198.51.100.53 }
      www: { pool: web, ttl: 30 }
      fast: { pool: fast, ttl: 30 }
      alias: { CNAME: www }
      out: { CNAME: www.example.net. }
      "*.apps": { A: 192.0.2.9 }
      child: { NS: ns.example.net. }
      old: { DNAME: example.net. }
`;

const US = { country_code: "US" };
const PLACES: MmdbContents = {
  databaseType: "test",
  buildEpoch: Date.UTC(2026, 5, 1) / 1000,
  ipVersion: 6,
  recordSize: 24,
  networks: [
    { network: "8.0.0.0/8", data: US },
    { network: "2001:4860::/32", data: US },
    { network: "7.0.0.0/8", data: { continent_code: "EU" } },
    {
      network: "9.9.0.0/16",
      data: {
        country: { iso_code: "CH" },
        subdivisions: [{ iso_code: "ZH" }],
        location: { latitude: 47.37, longitude: 8.54 },
        autonomous_system_number: 19281,
      },
    },
  ],
};

let dir = "";
let geo = "";
let broken = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-explain-"));
  broken = await mkdtemp(join(tmpdir(), "windrose-explain-"));
  await writeFile(join(dir, "web.yaml"), DOCUMENTS);
  geo = join(dir, "small.mmdb");
  await writeFile(geo, writeMmdb(PLACES));
  await writeFile(join(broken, "web.yaml"), DOCUMENTS.replace("pool: us", "pool: asia"));
});

afterAll(async () => {
  await rm(dir, { recursive: true });
  await rm(broken, { recursive: true });
});

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: { WINDROSE_ZONES: dir, WINDROSE_GEO: geo },
  };
  return { code: await command.run(args, io), out, err };
}

describe("windrose explain", () => {
  test("prints the trace and the reply of a steered name", async () => {
    const { code, out, err } = await run("www.example.test", "--seed", "1", "--client", "203.0.113.7");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^www\.example\.test\. A for 203\.0\.113\.0\/24, seed 1\n/);
    expect(out).toContain("pool web is up: 2 of 2 members are up");
    expect(out).toMatch(/drew [\d.]+ of 10: eu-[123]\n/);
    expect(out).toMatch(
      /reply: NOERROR aa\n {2}www\.example\.test\. 30 A 192\.0\.2\.[123]\nkept for 30 seconds, for every client \(scope \/0\)\n$/,
    );
  });

  const heads: readonly (readonly [string, string])[] = [
    [
      "",
      "client 127.0.0.1: the resolver, since the query has no ECS\n└─ place unknown: 127.0.0.0/8 is a special-purpose network\n",
    ],
    [
      "--resolver 8.8.8.8",
      "client 8.8.8.8: the resolver, since the query has no ECS\n├─ country US (United States)\n",
    ],
    [
      "--client 8.8.8.8",
      "client 8.8.8.0/24: by ECS, from the resolver 8.8.8.8\n├─ country US (United States)\n",
    ],
    ["--client ::ffff:8.8.8.8", "client 8.8.8.0/24: by ECS, from the resolver 8.8.8.8\n"],
    ["--client 8.8.0.0/17", "client 8.8.0.0/17: by ECS, from the resolver 8.8.0.0\n"],
    [
      "--client 8.8.8.8 --resolver 2001:db8::53",
      "client 8.8.8.0/24: by ECS, from the resolver 2001:db8::53\n",
    ],
    [
      "--client 2001:4860:4860::8888",
      "client 2001:4860:4860::/56: by ECS, from the resolver 2001:4860:4860::8888\n",
    ],
    [
      "--client 10.1.2.3 --resolver 8.8.8.8",
      "client 8.8.8.8: the resolver, since ECS 10.1.2.0/24 is in the special-purpose network 10.0.0.0/8\n├─ country US",
    ],
    [
      "--client 0.0.0.0/0 --resolver 8.8.8.8",
      "client 8.8.8.8: the resolver, since ECS 0.0.0.0/0 asks not to be placed\n├─ country US",
    ],
    [
      "--client fd00::1",
      "client fd00::1: the resolver, since ECS fd00::/56 is in the special-purpose network 8000::/1\n└─ place unknown: 8000::/1 is a special-purpose network\n",
    ],
    [
      "--client 2002:808:808::/48",
      "client 2002:808:808::/48: by ECS, from the resolver 2002:808:808::\n├─ looked up by the IPv4 address in it, 8.8.8.8\n├─ country US",
    ],
    ["--client 64:ff9b::808:808/128", "├─ looked up by the IPv4 address in it, 8.8.8.8\n├─ country US"],
  ];
  test.each(heads)("says whom the answer is for: %s", async (flags, expected) => {
    const { code, out } = await run("www.example.test", ...flags.split(" ").filter(Boolean));
    expect([code, out.slice(out.indexOf("\n\n") + 2).includes(expected), expected === "" ? "" : out]).toEqual(
      [0, true, out],
    );
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("says how old the place data are, and that coordinates stand for a country", async () => {
    const { out } = await run("www.example.test", "--client", "8.8.8.8");
    expect(out).toMatch(/├─ coordinates [\d.]+°N [\d.]+°W, which stands for the whole country\n/);
    expect(out).toMatch(/└─ looked up in small\.mmdb, built \d{4}-\d\d-\d\d, \d+ days? ago\n/);
    const { client } = JSON.parse((await run("www.example.test", "--client", "8.8.8.8", "--json")).out);
    expect(client.place).toMatchObject({
      source: "ecs",
      network: "8.8.8.0/24",
      country: "US",
      locatedBy: "country",
    });
    expect(client.place.sources[0]).toMatchObject({
      built: expect.stringMatching(/^\d{4}-/),
      ageDays: expect.any(Number),
    });
  });

  test("says the continent where no more is known", async () => {
    const { out } = await run("www.example.test", "--client", "7.1.1.1");
    expect(out).toContain("├─ continent europe\n└─ looked up in small.mmdb");
  });

  test("prints all that the place data know", async () => {
    const { out } = await run("www.example.test", "--client", "9.9.9.9");
    expect(out).toContain(
      "├─ country CH (Switzerland), subdivision CH-ZH, AS19281\n├─ coordinates 47.37°N 8.54°E\n",
    );
    expect((await run("www.example.test", "--client", "9.8.1.1")).out).toContain(
      "├─ place unknown: the data below do not have it\n└─ looked up in small.mmdb",
    );
  });

  test("names a place file that cannot be read: exit 1", async () => {
    const { code, err } = await run("www.example.test", "--geo", join(dir, "web.yaml"));
    expect(code).toBe(1);
    expect(err).toContain("web.yaml");
  });

  test("reads round-trip times, tells of bad lines, and goes by the good ones", async () => {
    const rtt = join(dir, "rtt.csv");
    await writeFile(rtt, "8.8.8.0/24,eu,90\n8.8.8.0/24,us,20\nnonsense,us,1\n");
    const { code, out, err } = await run("fast.example.test", "--client", "8.8.8.8", "--rtt", rtt);
    expect(code).toBe(0);
    expect(out).toMatch(/step latency[^\n]*: eu us → us eu\n/);
    expect(out).toMatch(/us +rttMs 20 .*from 8\.8\.8\.0\/24/);
    expect(out).toContain("└─ depends on 8.8.8.0/24: step latency of pool fast looked that closely\n");
    expect(out).toContain("kept for 30 seconds, for all of 8.8.8.0/24 (scope /24)\n");
    expect(err).toMatch(/rtt\.csv:3: "nonsense" is no network.*\n.*rtt\.csv: 1 line left out\n$/);
    const none = await run("fast.example.test", "--rtt", join(dir, "none.csv"));
    expect([none.code, none.err.includes("none.csv")]).toEqual([1, true]);
  });

  test("says for how long a reply is kept, and for whom", async () => {
    const kept = async (...args: string[]) => (await run(...args)).out.trimEnd().split("\n").at(-1);
    expect(await kept("www.example.test")).toBe(
      "kept for 30 seconds, for all clients of the resolver: the query had no ECS",
    );
    expect(await kept("ns1.example.test", "--client", "8.8.8.8")).toBe(
      "kept for 300 seconds, for every client (scope /0)",
    );
    expect(await kept("www.example.net")).toBe("nothing that a resolver keeps");
    expect(await kept("x.example.test", "--client", "8.8.8.8")).toMatch(
      /^kept for \d+ seconds, for every client/,
    );
  });

  test("repeats an answer by its seed, and answers differently over seeds", async () => {
    const outs = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      const first = await run("www.example.test", "--seed", String(seed));
      const second = await run("www.example.test", "--seed", String(seed));
      expect(second.out).toBe(first.out);
      outs.add(first.out.slice(first.out.indexOf("reply:")));
    }
    expect(outs.size).toBeGreaterThan(1);
  });

  test("names the seed that it drew itself", async () => {
    const { out } = await run("www.example.test");
    const seed = /seed (\d+)\n/.exec(out)![1]!;
    expect((await run("www.example.test", "--seed", seed)).out).toBe(out);
  });

  test("takes pools and members down", async () => {
    const pool = await run("www.example.test", "aaaa", "--at-down", "eu");
    expect(pool.out).toContain("www.example.test. 30 AAAA 2001:db8:1::1\n");
    const members = await run("www.example.test", "--at-down", "eu/eu-1,eu/eu-3");
    expect(members.out).toContain("www.example.test. 30 A 192.0.2.2\n");
    const inner = await run("www.example.test", "--at-down", "web/eu", "--at-down", "us/us-1");
    expect(inner.out).toContain("FAIL-OPEN");
    expect(inner.out).toContain("DEGRADED");
  });

  test("follows a CNAME to the steered name", async () => {
    const { code, out } = await run("alias.example.test", "--at-down", "eu");
    expect(code).toBe(0);
    expect(out).toContain("  alias.example.test. 300 CNAME www.example.test.\n");
    expect(out).toContain("  www.example.test. 30 A 198.51.100.1\n");
  });

  test("prints JSON for programs", async () => {
    const { out } = await run("www.example.test", "AAAA", "--json", "--seed", "4", "--client", "2001:db8::7");
    const explanation = JSON.parse(out);
    expect(explanation).toMatchObject({
      name: "www.example.test.",
      type: "AAAA",
      client: { asked: "2001:db8::/56", ecs: "2001:db8::/56", resolver: "2001:db8::7", ipv4: null },
      seed: 4,
    });
    const [choice] = explanation.trace.choices;
    expect(choice).toMatchObject({ asked: "AAAA", outcome: "answer", degraded: false, scopePrefixLength: 0 });
    expect(explanation.reply.answer).toEqual([
      { owner: "www.example.test.", ttl: 30, type: "AAAA", data: choice.answers[0].answer },
    ]);
  });

  test.each([
    [
      "ns1.example.test",
      "look-up of ns1.example.test. in zone example.test\n└─ the name is there → answer: its A\n",
    ],
    [
      "alias.example.test",
      "└─ the name is there → a CNAME, followed to its target\nlook-up of www.example.test. in",
    ],
    ["www.example.test", "└─ the name is there → a steered name: its pool answers\n"],
    ["www.example.test MX", "a steered name: its pool answers A and AAAA, and MX only with a CNAME\n"],
    ["www.example.net", "look-up of www.example.net.: no zone here holds it → REFUSED\n"],
    ["out.example.test", "look-up of www.example.net.: no zone here holds it → the chain ends here"],
    ["x.example.test", "└─ not there; closest encloser example.test., which has no wildcard → NXDOMAIN"],
    [
      "apps.example.test",
      "└─ an empty non-terminal: the name exists only because names below it do → NODATA",
    ],
    [
      "x.apps.example.test",
      "closest encloser apps.example.test., whose wildcard *.apps.example.test. stands in → answer",
    ],
    ["x.child.example.test", "└─ at or below the zone cut child.example.test. → referral"],
    ["x.old.example.test", "└─ below the DNAME at old.example.test. → a CNAME made by the DNAME"],
  ])("says how %s was looked up", async (name, expected) => {
    const { code, out, err } = await run(...name.split(" "));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(expected);
    expect(out).toContain("\nreply: ");
  });

  test("gives the look-ups as data", async () => {
    const { lookups, unreached } = JSON.parse(
      (await run("x.example.test", "--json", "--at-down", "us,eu/eu-1")).out,
    );
    expect(lookups).toEqual([
      {
        name: "x.example.test.",
        zone: "example.test",
        match: "none",
        encloser: "example.test.",
        outcome: "nxdomain",
      },
    ]);
    expect(unreached).toEqual(["us", "eu/eu-1"]);
  });

  test("says which of --at-down the answer never came by", async () => {
    expect((await run("ns1.example.test", "--at-down", "us")).out).toContain(
      "--at-down us changed nothing: this answer does not come by there\n",
    );
    expect((await run("www.example.test", "--at-down", "us")).out).not.toContain("changed nothing");
  });

  test("prints the faults of documents: exit 1", async () => {
    const { code, err } = await run("www.example.test", "--zones", broken);
    expect(code).toBe(1);
    expect(err).toMatch(/web\.yaml:\d+:\d+: .*asia/);
    expect(err).toContain("Cannot explain from");
  });

  test.each([
    [[], "which name?"],
    [["www.example.test", "A", "now"], 'what is "now"?'],
    [["www.example.test", "AAAAA"], '"AAAAA" is no type'],
    [["www..example.test"], '"www..example.test" is no name'],
    [["www.example.test", "--client", "192.0.2"], '--client "192.0.2" is no IP address, and no network'],
    [["www.example.test", "--client", "192.0.2.0/33"], '"192.0.2.0/33" is no network: write it as'],
    [["www.example.test", "--client", "192.0.2.7/24"], "bits beyond its length; did you mean 192.0.2.0/24?"],
    [["www.example.test", "--resolver", "192.0.2.0/24"], '--resolver "192.0.2.0/24" is no IP address'],
    [["www.example.test", "--seed", "x"], '--seed "x" is no whole number'],
    [["www.example.test", "--seed", "4294967296"], "is no whole number"],
    [["www.example.test", "--at-down", "eo"], '--at-down "eo" is no pool and no member; did you mean "eu"?'],
    [["www.example.test", "--wat"], "--wat"],
  ])("refuses wrong usage %j: exit 2, in a line or two", async (args, message) => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
    expect(err).toMatch(/\nwindrose explain --help lists all\n$/);
  });

  test("prints its help", async () => {
    expect(await run("--help")).toEqual({ code: 0, out: command.usage, err: "" });
  });
});
