import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlanAnswer } from "../../src/api/plan/route.ts";
import { command } from "../../src/cli/plan.ts";
import { allCountries } from "../../src/geo/place-codes.ts";
import { loadPlaceData } from "../../src/geo/place-data.ts";
import { POPULATIONS } from "../../src/geo/populations.ts";
import type { Counters } from "../../src/server/counters.ts";
import {
  applyNews,
  newsOfClientTables,
  type Snapshot,
  type SnapshotNews,
} from "../../src/snapshot/snapshot.ts";
import { FileStore } from "../../src/store/files/file-store.ts";
import { readFilesAside } from "../../src/store/files/reading-thread.ts";
import { Follower } from "../../src/sync/follower.ts";
import { writeMmdb } from "../support/mmdb-writer.ts";
import { ADMIN, ADMIN_TOKEN, startService, type TestService } from "./service.ts";

const DOCUMENTS = `
pools:
  eu: { members: [{ name: eu-1, address: 192.0.2.1 }, { name: eu-2, address: 192.0.2.2 }] }
  us: { members: [{ name: us-1, address: 198.51.100.1 }] }
  web:
    policy: geo
    members: [{ pool: eu, serves: FR }, { pool: us, serves: "*" }]
zones:
  a.test:
    records: { "@": { NS: [ns1, ns2] }, ns1: { A: 192.0.2.53 }, ns2: { A: 192.0.2.54 }, www: { pool: web } }
  b.test:
    records: { "@": { NS: [ns1, ns2] }, ns1: { A: 192.0.2.53 }, ns2: { A: 192.0.2.54 }, app: { pool: us } }
`;

class Plane {
  readonly counters: readonly Counters[] = [];
  snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  get generation(): number {
    return this.snapshot.generation;
  }

  publish(news: SnapshotNews): void {
    this.snapshot = applyNews(this.snapshot, news);
  }
}

let dir = "";
let follower: Follower;
let service: TestService;
let plane: Plane;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-plan-"));
  await writeFile(join(dir, "all.yaml"), DOCUMENTS);
  const geo = join(dir, ".places.mmdb");
  const networks = [
    { network: "2.0.0.0/12", data: { country_code: "FR" } },
    { network: "8.0.0.0/9", data: { country_code: "US" } },
  ];
  const contents = {
    databaseType: "test",
    buildEpoch: 1_750_000_000,
    ipVersion: 4,
    recordSize: 24,
    networks,
  };
  await writeFile(geo, writeMmdb(contents as Parameters<typeof writeMmdb>[0]));
  const store = await FileStore.open({
    dir,
    dataDir: null,
    readFiles: readFilesAside(),
    warn: (message) => expect.fail(message),
  });
  follower = new Follower({ store, log: pino({ level: "silent" }) });
  const first = await follower.loadFirst();
  plane = new Plane(
    applyNews(first, newsOfClientTables(first, { places: loadPlaceData([geo]), latency: null })),
  );
  follower.follow(plane);
  service = await startService({ editor: follower, plane });
});

afterAll(async () => {
  await service.close();
  await follower.stop();
  await rm(dir, { recursive: true });
});

async function plan(payload: object, headers: Record<string, string> = ADMIN) {
  return service.app.inject({ method: "POST", url: "/v1/plan", headers, payload });
}

const WEB = {
  policy: "geo",
  members: [
    { pool: "eu", serves: "FR" },
    { pool: "us", serves: "*" },
  ],
};

describe("POST /v1/plan", () => {
  test("says where people would move, by country, pool and member, and changes nothing", async () => {
    const members = [
      { pool: "eu", serves: ["FR", "US"] },
      { pool: "us", serves: "*" },
    ];
    const { generation } = plane;
    const text = await readFile(join(dir, "all.yaml"), "utf8");
    const response = await plan({ documents: { pools: { web: { ...WEB, members } } } });
    expect(response.statusCode).toBe(200);
    const answer = response.json() as PlanAnswer;
    expect(answer).toMatchObject({ generation, clients: { by: "population", networks: 8 }, namesLeftOut: 0 });
    expect(answer.changes).toMatchObject([{ document: "pools/web", path: ["members"] }]);
    const [fr, us] = [POPULATIONS.get("FR")!, POPULATIONS.get("US")!];
    const american = us / (fr + us);
    const [moves] = answer.names;
    expect(answer.names.map(({ name }) => name)).toEqual(["www.a.test."]);
    expect(moves!.moved).toBeCloseTo(american, 3);
    expect(moves!.groups).toMatchObject([{ group: "US", moved: 1 }]);
    expect(moves!.pools).toEqual([
      { id: "eu", before: expect.closeTo(1 - american, 3), after: 1 },
      { id: "us", before: expect.closeTo(american, 3), after: 0 },
    ]);
    expect(moves!.members.map(({ id }) => id)).toEqual(["eu/eu-1", "eu/eu-2", "us/us-1"]);
    expect(plane.generation).toBe(generation);
    expect(await readFile(join(dir, "all.yaml"), "utf8")).toBe(text);
  });

  test("counts given clients by their weights", async () => {
    const response = await plan({
      documents: { pools: { us: { members: [{ name: "us-2", address: "198.51.100.2" }] } } },
      clients: [
        { network: "2.0.0.0/24", weight: 1 },
        { network: "8.8.8.0/24", weight: 3 },
      ],
    });
    const { names, clients } = response.json() as PlanAnswer;
    expect(clients).toEqual({ by: "list", networks: 2 });
    expect(names.map(({ name, moved }) => [name, moved])).toEqual([
      ["www.a.test.", 0.75],
      ["app.b.test.", 1],
    ]);
    expect(names[0]!.groups).toEqual([{ group: "8.8.8.0/24", weight: 0.75, moved: 1 }]);
  });

  test("moves nobody where steering stays as it is, also where it draws", async () => {
    const { records } = {
      records: { "@": { NS: ["ns1", "ns2"] }, ns1: { A: "192.0.2.53" }, ns2: { A: "192.0.2.54" } },
    };
    const response = await plan({
      documents: {
        zones: { "a.test": { records: { ...records, www: { pool: "web" }, more: { A: "192.0.2.7" } } } },
      },
    });
    const { changes, names } = response.json() as PlanAnswer;
    expect(changes).toMatchObject([{ document: "zones/a.test", path: ["records", "more"] }]);
    expect(names).toMatchObject([{ name: "www.a.test.", moved: 0, groups: [] }]);
  });

  test("moves as much as weights say, and no more", async () => {
    const members = [
      { name: "eu-1", address: "192.0.2.1", weight: 3 },
      { name: "eu-2", address: "192.0.2.2", weight: 1 },
    ];
    const clients = Array.from({ length: 250 }, (_, i) => ({ network: `2.0.${i}.0/24`, weight: 1 }));
    const response = await plan({ documents: { pools: { eu: { members } } }, clients });
    const [moves] = (response.json() as PlanAnswer).names;
    // 1000 draws with fixed numbers: some 1.4 % of standard error around 25 %.
    expect(moves!.moved).toBeGreaterThan(0.18);
    expect(moves!.moved).toBeLessThan(0.32);
    expect(moves!.members[0]!.after).toBeGreaterThan(0.68);
  });

  test("tells of names that come and go", async () => {
    const records = {
      "@": { NS: ["ns1", "ns2"] },
      ns1: { A: "192.0.2.53" },
      ns2: { A: "192.0.2.54" },
      neu: { pool: "web" },
    };
    const response = await plan({
      documents: { zones: { "a.test": { records } } },
      clients: [{ network: "2.0.0.0/24", weight: 1 }],
    });
    const { names } = response.json() as PlanAnswer;
    expect(names.map(({ name, moved }) => [name, moved])).toEqual([
      ["www.a.test.", 1],
      ["neu.a.test.", 1],
    ]);
    expect(names[0]!.pools).toContainEqual({ id: "NODATA", before: 0, after: 1 });
  });

  test("with whole, takes documents that are not named for gone", async () => {
    const response = await plan({
      whole: true,
      documents: { zones: { "c.test": { records: { "@": { NS: ["ns1.x.test."] } } } } },
    });
    const { changes } = response.json() as PlanAnswer;
    expect(changes.map(({ document }) => document).sort()).toEqual([
      "pools/eu",
      "pools/us",
      "pools/web",
      "zones/a.test",
      "zones/b.test",
      "zones/c.test",
    ]);
  });

  test("answers an empty plan where nothing would change", async () => {
    const response = await plan({ documents: {} });
    expect(response.json()).toMatchObject({ changes: [], names: [], namesLeftOut: 0 });
  });

  test.each([
    [{ documents: { pools: { web: { members: [{ pool: "nobody" }] } } } }, 422, "documents-invalid"],
    [{ documents: {}, clients: [{ network: "x", weight: 1 }] }, 422, "body-invalid"],
    [{ documents: {}, clients: [{ network: "2.0.0.0/24", weight: 0 }] }, 422, "body-invalid"],
    [{ documents: {}, colour: "red" }, 422, "body-invalid"],
    [{}, 422, "body-invalid"],
  ])("refuses %j", async (body, status, code) => {
    const response = await plan(body);
    expect(response.json()).toMatchObject({ status, code });
  });

  test("is for readers, and for the documents of their tokens alone", async () => {
    const { text } = await service.tokens.create(
      { name: "eu", scope: "read", zones: [], pools: ["eu"] },
      "test",
    );
    const mine = { authorization: `Bearer ${text}` };
    const members = [{ name: "eu-1", address: "192.0.2.1" }];
    expect((await plan({ documents: { pools: { us: { members } } } }, mine)).statusCode).toBe(403);
    expect((await plan({ documents: { pools: { eu: { members } } } }, mine)).statusCode).toBe(200);
    expect((await plan({ documents: {} }, {})).statusCode).toBe(401);
  });
});

test("GET /v1/explain knows zones by their ids as documents spell them", async () => {
  const url = "/v1/explain?name=www.a.test&client=2.0.0.1";
  const grant = { name: "a", scope: "read", zones: ["a.test"], pools: ["web", "eu"] } as const;
  const { text } = await service.tokens.create(grant, "test");
  const mine = await service.app.inject({ url, headers: { authorization: `Bearer ${text}` } });
  expect(mine.json()).toMatchObject({ lookups: [{ zone: "a.test" }], reply: { rcode: "NOERROR" } });
});

test("/readyz warns of old place data that somebody gave", async () => {
  const { warnings, placeData } = (await service.app.inject("/readyz")).json();
  expect(placeData).toMatchObject([{ file: ".places.mmdb" }]);
  expect(warnings).toEqual([expect.stringMatching(/^place data \.places\.mmdb is \d+ days old$/)]);
});

describe("windrose plan", () => {
  let url = "";

  beforeAll(async () => {
    await service.app.listen({ port: 0, host: "127.0.0.1" });
    url = `http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}`;
  });

  async function run(...args: string[]) {
    const written = { stdout: "", stderr: "" };
    const io = {
      stdout: { write: (text: string) => (written.stdout += text) },
      stderr: { write: (text: string) => (written.stderr += text) },
      env: { WINDROSE_URL: url, WINDROSE_TOKEN: ADMIN_TOKEN },
    };
    return { code: await command.run(args, io), ...written };
  }

  async function folderOf(text: string): Promise<string> {
    const folder = await mkdtemp(join(dir, ".plan-"));
    await writeFile(join(folder, "all.yaml"), text);
    return folder;
  }

  test("prints what would change, and who would move", async () => {
    const folder = await folderOf(DOCUMENTS.replace("serves: FR", "serves: [FR, US]"));
    const { code, stdout } = await run(folder, "--clients", "2.0.0.0/24=1,8.8.8.0/24=3");
    expect(code).toBe(0);
    expect(stdout).toBe(`against generation 1: 1 document would change
~ pools/web: members
warning: pool "eu" has no IPv6 address, so AAAA queries get no data; add IPv6 addresses to its members
warning: pool "us" has no IPv6 address, so AAAA queries get no data; add IPv6 addresses to its members

asked by 2 networks: the clients given

www.a.test.  75 % of clients would move
  MEMBER   BEFORE  AFTER
  eu/eu-1  12.5 %  50 %
  eu/eu-2  12.5 %  50 %
  us/us-1  75 %    0 %
  most of them in 8.8.8.0/24 100 %
`);
  });

  test("prints that nothing would change, and the same as data", async () => {
    expect((await run(dir)).stdout).toBe("against generation 1: nothing would change\n");
    expect(JSON.parse((await run(dir, "--json")).stdout)).toMatchObject({ generation: 1, changes: [] });
  });

  test("takes what is not in the folder for gone, unless it is a part", async () => {
    const folder = await folderOf("pools: { eu: { members: [192.0.2.1] }, other: { members: [192.0.2.1] } }");
    const whole = await run(folder);
    expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining("\n- zones/a.test\n")]);
    const part = await run(folder, "--partial");
    expect(part.stdout).toContain("~ pools/eu: members\n+ pools/other\n");
    expect(part.stdout).not.toContain("\n- ");
  });

  test("exits 1 and tells each fault, of the folder and of the server", async () => {
    const broken = await run(await folderOf("pools: { eu: { members: 5 } }"));
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/all\.yaml:1:\d+: /)]);
    const missing = await run(await folderOf("pools: { us: { members: [] } }"));
    expect(missing.code).toBe(1);
    const wrong = await run(dir, "--clients", "nowhere=1");
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringContaining('/clients/0/network: "nowhere" is'),
    ]);
  });

  test("exits 2 for wrong usage", async () => {
    for (const args of [[], ["a", "b"], [dir, "--clients", "x=y"], [dir, "--colour"]])
      expect((await run(...args)).code).toBe(2);
  });
});

describe("POPULATIONS", () => {
  test("are of countries, and of nearly all people that there were in 2020", () => {
    const unknown = [...POPULATIONS.keys()].filter((code) => !allCountries().includes(code));
    expect(unknown).toEqual([]);
    const all = [...POPULATIONS.values()].reduce((sum, people) => sum + people, 0);
    expect(all).toBeGreaterThan(7.7e9);
    expect(all).toBeLessThan(7.8e9);
  });
});
