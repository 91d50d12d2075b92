import { describe, expect, test, vi } from "vitest";
import { collectMetrics, type LiveCounts } from "../../src/api/metrics/collect.ts";
import { formatHistogram, formatMetric } from "../../src/api/metrics/exposition.ts";
import { METRICS } from "../../src/api/metrics/metric-table.ts";
import { RequestCounts } from "../../src/api/metrics/request-counts.ts";
import type { NodeFace } from "../../src/api/node-face.ts";
import { readText } from "../repo/tree.ts";
import { ask } from "../support/answers.ts";
import { parseExposition } from "./exposition.ts";
import { endpointOf, incidentOf, openLive, type TestLive } from "./live.ts";
import { NOW_MS, TestNode } from "./node.ts";

async function scrape(node: NodeFace, requests = new RequestCounts(), live?: LiveCounts) {
  const api = { requests: requests.samples, eventClients: 2 };
  return parseExposition(await collectMetrics(node, api, NOW_MS, live));
}

function readFace({ id, version, startedMs, isAnswering, store, plane }: NodeFace): NodeFace {
  return { id, version, region: null, addresses: [], startedMs, isAnswering, store, plane };
}

/** One sample of a family. */
function value(families: Awaited<ReturnType<typeof scrape>>, key: string): number | undefined {
  return families.get(key.split("{")[0]!)?.samples.get(key);
}

describe("collectMetrics()", () => {
  test("tells what was asked and answered, by transport, type, code, zone and member", async () => {
    const node = new TestNode();
    for (const question of [
      "www.example.test. A",
      "www.example.test. A",
      "no.example.test. AAAA",
      "else.test. A",
    ])
      ask(node.view, question);
    ask(node.view, "fixed.example.test. TYPE4711", { transport: "tcp" });
    const families = await scrape(node);
    expect(value(families, 'windrose_dns_queries_total{transport="udp",family="ipv4"}')).toBe(4);
    expect(value(families, 'windrose_dns_queries_total{transport="tcp",family="ipv4"}')).toBe(1);
    expect(value(families, 'windrose_dns_queries_total{transport="udp",family="ipv6"}')).toBe(0);
    expect(value(families, 'windrose_dns_queries_by_type_total{type="A"}')).toBe(3);
    expect(value(families, 'windrose_dns_queries_by_type_total{type="AAAA"}')).toBe(1);
    expect(value(families, 'windrose_dns_queries_by_type_total{type="other"}')).toBe(1);
    expect(value(families, 'windrose_dns_responses_total{rcode="NOERROR"}')).toBe(3);
    expect(value(families, 'windrose_dns_responses_total{rcode="NXDOMAIN"}')).toBe(1);
    expect(value(families, 'windrose_dns_responses_total{rcode="REFUSED"}')).toBe(1);
    expect(value(families, 'windrose_zone_queries_total{zone="example.test."}')).toBe(4);
    expect(value(families, 'windrose_pool_answers_total{pool="web",member="eu-1"}')).toBe(2);
    expect(value(families, 'windrose_pool_answers_total{pool="us",member="us-1"}')).toBe(0);
  });

  test("sums over the blocks of all threads", async () => {
    const [one, other] = [new TestNode(), new TestNode()];
    ask(one.view, "www.example.test. A");
    ask(other.view, "www.example.test. A");
    const counters = [one.view.counters, other.view.counters];
    const plane = { snapshot: one.view.snapshot, generation: 1, counters };
    const both = { ...readFace(one), plane };
    expect(value(await scrape(both), 'windrose_zone_queries_total{zone="example.test."}')).toBe(2);
  });

  test("makes a histogram of the sampled times, with all that took longer in the last bucket", async () => {
    const node = new TestNode();
    node.view.counters.latency(3, 10); // µs
    node.view.counters.latency(5_000_000, 1);
    const families = await scrape(node);
    const name = "windrose_dns_response_duration_seconds";
    const { samples } = families.get(name)!;
    expect(samples.get(`${name}_bucket{le="0.000002"}`)).toBe(0);
    expect(samples.get(`${name}_bucket{le="0.000004"}`)).toBe(10);
    expect(samples.get(`${name}_bucket{le="0.524288"}`)).toBe(10);
    expect(samples.get(`${name}_count`)).toBe(11);
    expect(samples.get(`${name}_sum`)).toBeGreaterThan(0);
  });

  test("tells the generation, the age of the state, and whether the store is up", async () => {
    const node = new TestNode();
    node.generation = 7;
    node.store = { kind: "redis", isUp: false, seenMs: NOW_MS - 90_000 };
    const families = await scrape(node);
    expect(value(families, "windrose_generation")).toBe(7);
    expect(value(families, 'windrose_state_age_seconds{kind="documents"}')).toBe(90);
    expect(value(families, 'windrose_store_up{kind="redis"}')).toBe(0);
    expect(value(families, "windrose_api_event_clients")).toBe(2);
    expect(value(families, 'windrose_info{version="1.2.3",node="node-1"}')).toBe(1);
    expect(value(families, "process_start_time_seconds")).toBe((NOW_MS - 60_000) / 1000);
  });

  test("tells who is up", async () => {
    const node = new TestNode();
    node.view.snapshot.live.up[node.view.snapshot.slots.get("web/eu-2")!] = 0;
    const families = await scrape(node);
    expect(value(families, 'windrose_member_up{pool="web",member="eu-1"}')).toBe(1);
    expect(value(families, 'windrose_member_up{pool="web",member="eu-2"}')).toBe(0);
  });

  test("counts requests by the route as it is written, and strangers' paths as one", async () => {
    const requests = new RequestCounts();
    requests.add("GET", "/v1/zones/:zone", 200);
    requests.add("GET", "/v1/zones/:zone", 200);
    requests.add("BREW", undefined, 404);
    const families = await scrape(new TestNode(), requests);
    const name = "windrose_api_requests_total";
    expect(value(families, `${name}{method="GET",route="/v1/zones/:zone",status="200"}`)).toBe(2);
    expect(value(families, `${name}{method="other",route="other",status="404"}`)).toBe(1);
  });
});

/** Two endpoints, two probers, an order. */
async function wellLive(): Promise<TestLive> {
  const live = await openLive();
  const { exchange, health } = live;
  health.known.push(
    endpointOf("web 192.0.2.1", { state: "up", responseMs: 12, daysToExpiry: 40 }),
    endpointOf("web 192.0.2.2", { state: "down" }),
    endpointOf("web 192.0.2.3", {}),
  );
  const nowMs = exchange.nowMs();
  const prober = { epoch: 1, checkedMs: nowMs - 5000, seen: 3, down: 1, isDouble: false };
  health.seen.push(
    { ...prober, name: "a", region: "us", suspect: [] },
    { ...prober, name: "b", region: "us", suspect: [6] },
  );
  health.log.push(incidentOf("2", "web 192.0.2.2"), incidentOf("1", "web 192.0.2.2", { closedMs: 2 }));
  health.alarmed.push("max-out");
  await live.copy.start();
  const order = { kind: "drain", untilMs: null, by: "ann", reason: "", atMs: nowMs } as const;
  await exchange.order({ pool: "web", member: "eu-1" }, order);
  await vi.waitFor(() => expect(live.copy.orders()).toHaveLength(1));
  return live;
}

describe("healthMetrics()", () => {
  test("tells endpoints, probers, orders, incidents and alarms", async () => {
    const live = await wellLive();
    const families = await scrape(new TestNode(), undefined, { ...live, incidentsOpened: 3 });
    expect(value(families, 'windrose_endpoints{state="unknown"}')).toBe(1);
    expect(value(families, 'windrose_endpoint_up{monitor="web",address="192.0.2.1"}')).toBe(1);
    expect(value(families, 'windrose_endpoint_up{monitor="web",address="192.0.2.2"}')).toBe(0);
    expect(value(families, 'windrose_endpoint_up{monitor="web",address="192.0.2.3"}')).toBeUndefined();
    expect(value(families, 'windrose_probe_duration_seconds{monitor="web",address="192.0.2.1"}')).toBe(0.012);
    expect(value(families, 'windrose_certificate_expiry_days{monitor="web",address="192.0.2.1"}')).toBe(40);
    expect(value(families, 'windrose_probers{region="us"}')).toBe(2);
    expect(value(families, 'windrose_prober_age_seconds{prober="a",region="us"}')).toBeGreaterThanOrEqual(5);
    expect(value(families, 'windrose_prober_suspect{prober="b",region="us"}')).toBe(1);
    expect(value(families, "windrose_verdict_age_seconds")).toBe(1.5);
    expect(value(families, "windrose_exchange_up")).toBe(1);
    expect(value(families, "windrose_incidents_total")).toBe(3);
    expect(value(families, "windrose_incidents_open")).toBe(1);
    expect(value(families, 'windrose_orders{kind="drain"}')).toBe(1);
    expect(value(families, 'windrose_orders{kind="up"}')).toBe(0);
    expect(value(families, "windrose_health_alarms")).toBe(1);
    await live.exchange.close();
  });

  test("escapes what probers call themselves", async () => {
    const live = await openLive();
    const prober = { epoch: 1, checkedMs: 1, seen: 0, down: 0, suspect: [], isDouble: false };
    live.health.seen.push({ ...prober, name: 'a"}\n# TYPE x', region: "us\\" });
    await expect(scrape(new TestNode(), undefined, { ...live, incidentsOpened: 0 })).resolves.toBeDefined();
    await live.exchange.close();
  });
});

describe("the text format", () => {
  test("formatMetric() escapes what labels and help may not have", () => {
    const metric = { name: "a", type: "gauge", help: "one\\two\nthree", labels: ["b"] } as const;
    expect(formatMetric(metric, [{ labels: ['x"y\\z\n'], value: 1 }])).toBe(
      '# HELP a one\\\\two\\nthree\n# TYPE a gauge\na{b="x\\"y\\\\z\\n"} 1\n',
    );
  });

  test("formatMetric() writes numbers that are none as Prometheus reads them", () => {
    const metric = { name: "a", type: "gauge", help: "h", labels: [] } as const;
    const samples = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21].map((value) => {
      return formatMetric(metric, [{ labels: [], value }]).split("\n")[2];
    });
    expect(samples).toEqual(["a NaN", "a +Inf", "a -Inf", "a 1e+21"]);
  });

  test("formatHistogram() ends its buckets with the infinite one", () => {
    const metric = { name: "h", type: "histogram", help: "h", labels: [] } as const;
    const text = formatHistogram(metric, { bounds: [0.5], cumulative: [1], count: 3, sum: 9 });
    expect(text).toContain('h_bucket{le="0.5"} 1\nh_bucket{le="+Inf"} 3\nh_sum 9\nh_count 3\n');
  });

  test.each([
    ["a gauge that ends as a counter does", "# HELP a_total x\n# TYPE a_total gauge\na_total 1\n"],
    ["a sample twice", "# HELP a x\n# TYPE a gauge\na 1\na 1\n"],
    ["a label that is not escaped", '# HELP a x\n# TYPE a gauge\na{b="c"d"} 1\n'],
    ["a histogram without +Inf", '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n'],
  ])("the test's reader refuses %s", (_what, text) => {
    expect(() => parseExposition(text)).toThrow();
  });
});

describe("docs/reference/metrics.md", () => {
  test("lists every metric with its type and labels, and no other, in the same order", () => {
    const rows = [...readText("docs/reference/metrics.md").matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)];
    const listed = rows.map(([, name, type, labels]) => {
      return [name, type, [...labels!.matchAll(/`(\w+)`/g)].map((match) => match[1])];
    });
    expect(listed).toEqual(Object.values(METRICS).map(({ name, type, labels }) => [name, type, [...labels]]));
  });

  test("a scrape has every metric of the table", async () => {
    const node = new TestNode();
    ask(node.view, "www.example.test. A");
    const requests = new RequestCounts();
    requests.add("GET", "/livez", 200);
    const expected = Object.values(METRICS).map(({ name }) => name);
    // Place data are read from files, which this node has none of.
    const live = await wellLive();
    expect([...(await scrape(node, requests, { ...live, incidentsOpened: 3 })).keys()]).toEqual(
      expected.filter((name) => name !== METRICS.placeDataAge.name),
    );
    await live.exchange.close();
  });
});
