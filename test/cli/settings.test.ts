import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSettings } from "../../src/cli/settings.ts";
import {
  formatSettingsHelp,
  SETTINGS,
  type SettingValues,
  shownDefault,
  variableOf,
} from "../../src/cli/settings-table.ts";
import { WindroseError } from "../../src/lib/errors.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "windrose-settings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function configFile(text: string): string {
  const file = join(folder, "windrose.yaml");
  writeFileSync(file, text);
  return file;
}

function read(args: readonly string[], env: NodeJS.ProcessEnv = {}): SettingValues {
  const settings = readSettings(args, env);
  if (settings === "help") throw new Error("help");
  return settings;
}

function refusal(args: readonly string[], env: NodeJS.ProcessEnv = {}): WindroseError {
  try {
    readSettings(args, env);
  } catch (error) {
    if (error instanceof WindroseError) return error;
    throw error;
  }
  throw new Error(`${args.join(" ")} was not refused`);
}

describe("readSettings()", () => {
  test("has the defaults that the reference lists", () => {
    expect(read([])).toEqual({
      zones: "zones",
      redis: null,
      redisCa: null,
      data: "data",
      api: { family: 4, address: "127.0.0.1", port: 8053 },
      apiCert: null,
      apiKey: null,
      dns: [{ family: 4, address: "127.0.0.1", port: 5300 }],
      workers: availableParallelism(),
      udp: "auto",
      region: null,
      probe: true,
      webhook: [],
      id: hostname(),
      versionText: expect.stringMatching(/^windrose \d+\.\d+\.\d+/),
      chaos: true,
      tcpConnections: 1000,
      tcpConnectionsPerClient: 100,
      tcpInFlight: 256,
      tcpQueuedOctets: 65_536,
      tcpIdleTimeout: 10_000,
      tcpMessageTimeout: 5000,
      tcpWriteTimeout: 5000,
      geo: [],
      rtt: null,
      rttExpiry: 604_800_000,
      rttProbe: false,
      rttRate: 5,
      rttInterval: 600_000,
      rttOptOut: [],
      rttAllow: [],
      logLevel: "info",
    });
  });

  test("takes a flag before a variable, that before the file, that before the default", () => {
    const config = ["--config", configFile("region: file\nid: file\nlog-level: warn\n")];
    const env = { WINDROSE_REGION: "variable", WINDROSE_ID: "variable" };
    expect(read([...config, "--region", "flag"], env)).toMatchObject({
      region: "flag",
      id: "variable",
      logLevel: "warn",
      chaos: true,
    });
  });

  test("takes a list whole from one place: flags, commas in a variable, a list in YAML", () => {
    const addresses = (settings: SettingValues) =>
      settings.dns.map(({ address, port }) => `${address} ${port}`);
    const env = { WINDROSE_DNS: "192.0.2.1:53, [2001:db8::1]:5300" };
    const config = ["--config", configFile('dns: ["192.0.2.9", "[2001:db8::9]:53"]\n')];
    expect(addresses(read(["--dns", "192.0.2.2:53", "--dns=192.0.2.3:53"], env))).toEqual([
      "192.0.2.2 53",
      "192.0.2.3 53",
    ]);
    expect(addresses(read(config, env))).toEqual(["192.0.2.1 53", "2001:db8::1 5300"]);
    expect(addresses(read(config))).toEqual(["192.0.2.9 53", "2001:db8::9 53"]);
    expect(addresses(read(["--config", configFile("dns: 192.0.2.8:53")]))).toEqual(["192.0.2.8 53"]);
  });

  test("reads paths in the file relative to the file", () => {
    expect(read(["--config", configFile("zones: my-zones\n")]).zones).toBe(join(folder, "my-zones"));
    expect(read(["--config", configFile("zones: /srv/zones\n")]).zones).toBe("/srv/zones");
  });

  test("counts an empty variable as not set, and leaves unknown variables alone", () => {
    expect(read([], { WINDROSE_REGION: "", WINDROSE_PORT: "tcp://10.0.0.1:53" }).region).toBeNull();
  });

  test("refuses to say who it is where the text is none or empty", () => {
    expect(read(["--id", "none", "--version-text", ""])).toMatchObject({ id: null, versionText: null });
    expect(read(["--config", configFile('version-text: ""\nchaos: off\n')])).toMatchObject({
      versionText: null,
      chaos: false,
    });
  });

  test.each([["--help"], ["-h"], ["--zones", "x", "--help"]])("says help for %s", (...args) => {
    expect(readSettings(args, {})).toBe("help");
  });

  test.each<[string[], string]>([
    [["--zonse", "x"], "Unknown flag --zonse; did you mean --zones?"],
    [["--zzzzzzzzzz"], "--help lists all flags"],
    [["--dns"], "--dns needs a value, as in --dns ADDR:PORT"],
    [["--dns", "--region"], "--dns needs a value"],
    [["zones"], 'Unknown argument "zones"'],
  ])("calls %j wrong usage", (args, message) => {
    const error = refusal(args);
    expect(error.code).toBe("usage");
    expect(error.message).toContain(message);
  });

  test.each<[string[], string]>([
    [["--dns", "localhost:53"], 'Cannot use --dns: "localhost" is not an IPv4 address'],
    [["--dns", "127.0.0.1:99999"], '"99999" is not a port'],
    [["--dns", "::1:53"], "in brackets"],
    [["--dns", "127.0.0.1:53", "--dns", "127.0.0.1:53"], "127.0.0.1:53 is given twice"],
    [["--dns", "127.0.0.1:53", "--dns", "0.0.0.0:53"], "overlap"],
    [["--zones", ""], "the value is empty"],
    [["--log-level", "inof"], 'did you mean "info"?'],
    [["--chaos", "maybe"], '"maybe" is neither on nor off'],
    [["--tcp-connections", "0"], '"0" is not a whole number from 1 to 1000000'],
    [["--tcp-connections", "1e3"], '"1e3" is not a whole number'],
    [["--tcp-idle-timeout", "10"], "write one as in 500ms, 10s or 2m"],
    [["--tcp-idle-timeout", "5h"], "not a time from 100ms to 1h"],
    [
      ["--config", "/nonexistent/windrose.yaml"],
      'Cannot read settings from "/nonexistent/windrose.yaml" (--config)',
    ],
  ])("says what is wrong with %j", (args, message) => {
    const error = refusal(args);
    expect(error.code).toBe("settings-invalid");
    expect(error.message).toContain(message);
  });

  test("names the variable that a wrong value came from", () => {
    expect(refusal([], { WINDROSE_LOG_LEVEL: "loud" }).message).toContain("Cannot use WINDROSE_LOG_LEVEL:");
  });

  test.each([
    ["zones: x\nzonse: y\n", ':2:1: unknown key "zonse"; did you mean "zones"?'],
    ["zones: x\n\ntcp-connections: many\n", ':3:1: tcp-connections: "many" is not a whole number'],
    ["tcp-connections: 0x10\n", '"0x10" is not a whole number'],
    ["zones:\n", ':1:1: "zones" needs a value'],
    ["zones: [a]\n", '"zones" needs a value'],
    ["dns: []\n", '"dns" is an empty list'],
    ["- zones\n", "settings are keys with values"],
    ["zones: 'x\n", ":2:1: "],
    ["zones: x\nzones: y\n", "unique"],
  ])("points at what is wrong in the file %j", (text, message) => {
    const error = refusal(["--config", configFile(text)]);
    expect(error.code).toBe("settings-invalid");
    expect(error.message).toContain(message);
  });

  test("takes an empty file for no settings", () => {
    expect(read(["--config", configFile("# nothing yet\n")]).zones).toBe("zones");
  });
});

test("formatSettingsHelp() shows each flag, in lines of at most 100 columns", () => {
  const help = formatSettingsHelp();
  for (const { flag } of Object.values(SETTINGS)) expect(help).toContain(`--${flag} `);
  for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
});

test("docs/reference/settings.md lists the table of settings, row by row", () => {
  const page = readFileSync(new URL("../../docs/reference/settings.md", import.meta.url), "utf8");
  const rows = Object.values(SETTINGS).map((one) => {
    const value = one.placeholder.replaceAll("|", "\\|");
    const found = "shownDefault" in one && one.shownDefault !== undefined;
    const standard = found ? shownDefault(one) : `\`${shownDefault(one)}\``;
    return `| \`--${one.flag} ${value}\` | \`${variableOf(one.flag)}\` | \`${one.flag}\` | ${standard} | ${one.help} |`;
  });
  expect(page.split("\n").filter((line) => line.startsWith("| `--"))).toEqual(rows);
});
