import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readAgentLine } from "../../../src/prober/checks/agent-line.ts";
import { check, Endpoints, flood, replyAndClose, said, say } from "../../support/bad-endpoints.ts";

describe("readAgentLine()", () => {
  test.each<[string, number | null, string | null, string]>([
    ["75%", 75, null, ""],
    ["up 75%", 75, null, ""],
    ["UP,0%", 0, null, ""],
    ["ready", null, "ready", ""],
    ["drain", null, "drain", ""],
    ["maint maxconn:30", null, "maint", ""],
    ["up ready 100%", 100, "ready", ""],
    ["up # all is well", null, null, ""],
    ["down", null, null, "the agent says down"],
    ["down # disk full", null, null, 'the agent says down: "disk full"'],
    ["stopped 10%\t# by hand", 10, null, 'the agent says stopped: "by hand"'],
    ["", null, null, "the agent sent an empty line"],
    ["# nothing", null, null, "the agent sent an empty line"],
    ["dwon", null, null, 'the agent sent "dwon", and "dwon" is no word of agent-check'],
    ["50% -5%", null, null, 'the agent sent "50% -5%", and "-5%" is no word of agent-check'],
    ["9999%", null, null, 'the agent sent "9999%", and "9999%" is no word of agent-check'],
    ["up\u0000\u202e", null, null, 'the agent sent "up··", and "up··" is no word of agent-check'],
  ])("reads %j", (line, weightPercent, state, reason) => {
    expect(readAgentLine(line)).toEqual({ weightPercent, state, reason });
  });
});

describe("a check of type agent", () => {
  let endpoints: Endpoints;
  beforeEach(() => {
    endpoints = new Endpoints();
  });
  afterEach(() => endpoints.close());

  test("gives weight and state, and shows the line in detail", async () => {
    const port = await endpoints.tcp((socket) => socket.write("drain 50%\n"));
    expect(await check({ type: "agent", port }, { isDetailed: true })).toMatchObject({
      ok: true,
      agent: { weightPercent: 50, state: "drain" },
      detail: { line: "drain 50%" },
    });
    await endpoints.allClosed();
  });

  test("sends what the monitor says, and takes the end of the connection for that of the line", async () => {
    const port = await endpoints.tcp(replyAndClose("down # busy"));
    const result = await check({ type: "agent", port, send: "web\n" });
    expect(result).toMatchObject({ ok: false, reason: 'the agent says down: "busy"' });
  });

  test.each([
    ["closes", (socket: { end(): void }) => socket.end(), "connection closed without a line"],
    ["floods", flood("", "x".repeat(500)), /^the agent sent no line but "x{60}…"$/],
    ["is silent", () => {}, "response timed out after 500 ms"],
  ] as const)("that %s fails in words", async (_, handler, reason) => {
    const port = await endpoints.tcp(handler);
    expect(await say({ type: "agent", port, send: "?\n" }, { timeoutMs: 500 })).toEqual(said(reason));
    await endpoints.allClosed();
  });
});
