import { describe, expect, test } from "vitest";
import { endpointOfId, IncidentLog, incidentId } from "../../src/health/incident.ts";
import { START_MS, verdictWith } from "./notation.ts";

const WEB = "web 192.0.2.10";
const at = (s: number) => START_MS + 1000 * s;

function down(sinceMs: number) {
  const reason = "connect timed out after 2 s from us-east, eu-west; HTTP 503 from ap-south";
  return verdictWith({ state: "down", sinceMs, firstFailureMs: sinceMs - 400, reason });
}

function up(sinceMs: number) {
  return verdictWith({ state: "up", sinceMs });
}

describe("IncidentLog", () => {
  test("keeps the stopwatch of an incident, from the first failure to its end", () => {
    const log = new IncidentLog();
    const opened = log.see(WEB, down(at(10)), at(10) + 50)!;
    expect(opened.kind).toBe("opened");
    const { id } = opened.incident;
    log.published(id, at(10) + 60);
    log.published(id, at(11));
    log.applied(id, "node-a", at(10) + 80);
    log.applied(id, "node-b", at(10) + 90);
    log.applied(id, "node-a", at(99));
    log.served(id, new Map([[30, 1000]]));
    expect(log.see(WEB, down(at(10)), at(12))).toBeNull();
    expect(log.see(WEB, up(at(40)), at(40) + 20)).toMatchObject({ kind: "closed", incident: { id } });
    expect(log.list()).toEqual([
      {
        id,
        endpoint: WEB,
        monitor: "web",
        address: "192.0.2.10",
        reason: "connect timed out after 2 s from us-east, eu-west; HTTP 503 from ap-south",
        evidence: [],
        firstFailureMs: at(10) - 400,
        verdictMs: at(10),
        publishedMs: at(10) + 60,
        applied: { "node-a": at(10) + 80, "node-b": at(10) + 90 },
        drain: { p50Ms: 15_000, p90Ms: 27_000, p99Ms: 29_700, p100Ms: 30_000 },
        closedMs: at(40),
      },
    ]);
  });

  test("gives an incident the same id on every node, whenever it hears of it", () => {
    const ids = [at(10), at(13)].map((nowMs) => new IncidentLog().see(WEB, down(at(10)), nowMs)!.incident.id);
    expect(ids).toEqual([incidentId(WEB, at(10)), incidentId(WEB, at(10))]);
    expect(incidentId(WEB, at(10))).toMatch(/^20260101T000010000Z-[0-9a-z]+$/);
  });

  test("takes what another node says of an incident whose moment it sees some ms apart, and of no other one", () => {
    const log = new IncidentLog();
    const { id } = log.see(WEB, down(at(10)), at(10))!.incident;
    expect(log.applied(incidentId(WEB, at(10) - 7), "node-b", at(10) + 90)).toBe(true);
    expect(log.get(id)!.applied).toEqual({ "node-b": at(10) + 90 });
    expect(log.applied(incidentId(WEB, at(12)), "node-c", at(12))).toBe(false);
    expect(log.applied(incidentId("web 192.0.2.11", at(10)), "node-c", at(12))).toBe(false);
    expect(endpointOfId(id)).toBe(endpointOfId(incidentId(WEB, at(99))));
  });

  test("opens and closes nothing for stale verdicts and for endpoints of which nothing is known", () => {
    const log = new IncidentLog();
    expect(log.see(WEB, { ...down(at(1)), stale: true }, at(2))).toBeNull();
    log.see(WEB, down(at(3)), at(3));
    expect(log.see(WEB, verdictWith({ state: "unknown" }), at(4))).toBeNull();
    expect(log.see(WEB, { ...up(at(5)), stale: true }, at(5))).toBeNull();
    expect(log.list()[0]!.closedMs).toBeNull();
    expect(log.close(WEB, at(6))!.incident.closedMs).toBe(at(6));
    expect(log.close(WEB, at(7))).toBeNull();
  });

  test("drops the oldest that are closed when there are too many, and open ones last", () => {
    const log = new IncidentLog(2);
    log.see("web 192.0.2.1", down(at(1)), at(1));
    log.see("web 192.0.2.2", down(at(2)), at(2));
    log.see("web 192.0.2.2", up(at(3)), at(3));
    log.see("web 192.0.2.3", down(at(4)), at(4));
    expect(log.list().map(({ address }) => address)).toEqual(["192.0.2.3", "192.0.2.1"]);
    log.see("web 192.0.2.4", down(at(5)), at(5));
    expect(log.list().map(({ address }) => address)).toEqual(["192.0.2.4", "192.0.2.3"]);
  });

  test("goes on after a start with what it kept", () => {
    const before = new IncidentLog();
    before.see(WEB, down(at(1)), at(1));
    const log = new IncidentLog();
    log.load(JSON.parse(JSON.stringify(before.list())));
    expect(log.see(WEB, down(at(1)), at(2))).toBeNull();
    expect(log.see(WEB, up(at(9)), at(9))!.kind).toBe("closed");
    expect(log.get(incidentId(WEB, at(1)))!.closedMs).toBe(at(9));
  });

  test("says of an incident that it does not know that it does not", () => {
    const log = new IncidentLog();
    expect([log.published("x", 1), log.applied("x", "node", 1), log.served("x", new Map())]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
