import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatPage } from "../../src/api/description/page.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "../../src/api/description/page-assets.ts";
import { readText } from "../repo/tree.ts";
import { ADMIN, startService, type TestService } from "./service.ts";

interface Description {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

let service: TestService;
let description: Description;

beforeAll(async () => {
  service = await startService();
  description = (await service.app.inject("/openapi.json")).json();
});

afterAll(() => service.close());

const OPEN = ["/livez", "/readyz"];

test("/about names, to anybody, whose data is used: those that README.md names", async () => {
  const { statusCode, body } = await service.app.inject("/about");
  const about = JSON.parse(body) as { attributions: { text: string; url: string }[] };
  expect(statusCode).toBe(200);
  const readme = readText("README.md");
  expect(about.attributions.map(({ text }) => text)).toContain("IP Geolocation by DB-IP");
  for (const { text } of about.attributions) expect(readme).toContain(text);
});

describe("/openapi.json", () => {
  test("is OpenAPI 3.1, open, and says no more of this node than anyone knows", async () => {
    expect(description.openapi).toBe("3.1.0");
    expect(description.info).toMatchObject({ title: "Windrose", version: "1" });
    expect(JSON.stringify(description)).not.toContain(service.node.version);
  });

  test("docs/reference/node.md and metrics.md tell of each path that a node has of itself", () => {
    const pages = ["node", "metrics"].map((page) => readText(`docs/reference/${page}.md`)).join("");
    const told = [...pages.matchAll(/`(?:GET|POST) (\/[\w./]+)/g)].map(([, path]) => path);
    const hidden = ["/openapi.json", "/docs", "/about"];
    const described = Object.entries(description.paths)
      .filter(([, methods]) => ["node", "steering"].includes(Object.values(methods)[0]?.tags?.[0] ?? ""))
      .map(([path]) => path);
    expect(described).toHaveLength(7);
    expect([...described, ...hidden].filter((path) => !told.includes(path))).toEqual([]);
  });

  test("docs/reference/api.md tells of each path of health", () => {
    const page = readText("docs/reference/api.md");
    const paths = Object.entries(description.paths)
      .filter(([, methods]) => Object.values(methods)[0]?.tags?.[0] === "health")
      .map(([path]) => path);
    expect(paths.length).toBeGreaterThan(8);
    expect(paths.filter((path) => !page.includes(`\`${path}\``))).toEqual([]);
  });

  test("describes each operation in a line, with a tag and its answers", () => {
    const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
    );
    expect(operations.length).toBeGreaterThan(5);
    for (const [name, { summary, tags, responses }] of operations) {
      expect(summary, name).toMatch(/^\S.*[^.]$/);
      expect(tags, name).toHaveLength(1);
      expect(Object.keys(responses).length, name).toBeGreaterThan(0);
    }
  });

  test("names in its parameters what stands in braces in the path, and nothing else", () => {
    for (const [path, methods] of Object.entries(description.paths)) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        const named = parameters.filter((parameter) => parameter.in === "path");
        expect(named.map(({ name }) => name).sort(), path).toEqual(inPath.sort());
        for (const { required } of named) expect(required, path).toBe(true);
      }
    }
  });

  test("says of each path whether it wants a token, and tells the truth", async () => {
    for (const [path, methods] of Object.entries(description.paths)) {
      if (methods.get === undefined) continue;
      const isOpen = methods.get.security?.length === 0;
      expect(isOpen, path).toBe(OPEN.includes(path));
      const url = path.replaceAll(/\{[^}]+\}/g, "x");
      expect((await service.app.inject(url)).statusCode === 401, path).toBe(!isOpen);
    }
  });
});

describe("/docs", () => {
  test("loads nothing but its own script and style, and may do nothing else", async () => {
    const page = await service.app.inject("/docs");
    expect(page.statusCode).toBe(200);
    expect(page.headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target);
    expect(loaded).toEqual(["docs/page.css", "docs/page.js", "openapi.json"]);
    for (const target of loaded) expect((await service.app.inject(`/${target}`)).statusCode).toBe(200);
    for (const text of [page.body, PAGE_SCRIPT, PAGE_STYLE]) expect(text).not.toMatch(/https?:\/\//);
    expect(page.body).not.toMatch(/ style=| on\w+=|<script>/);
  });

  test("has a form for each operation", async () => {
    const { body } = await service.app.inject("/docs");
    for (const [path, methods] of Object.entries(description.paths))
      for (const method of Object.keys(methods))
        expect(body).toContain(`data-method="${method.toUpperCase()}" data-path="${path}"`);
  });

  test("formatPage() escapes whatever a description says", () => {
    const nasty = `<script>"&`;
    const page = formatPage({
      info: { title: nasty, description: nasty },
      paths: {
        [`/${nasty}`]: {
          get: {
            summary: nasty,
            description: nasty,
            tags: [nasty],
            parameters: [{ name: nasty, in: "query", description: nasty, schema: { examples: [nasty] } }],
            requestBody: { content: { [nasty]: {} } },
            responses: { 200: { description: nasty } },
          },
        },
      },
    });
    expect(page).not.toContain(nasty);
    expect(page).not.toContain("<script>");
    expect(page).toContain("&lt;script&gt;&quot;&amp;");
  });

  test("its script is a script, and sends what a form says", async () => {
    const sent: { url: string; init: { method: string; headers: object; body?: string } }[] = [];
    const field = (place: string, name: string, value: string) => ({ dataset: { in: place }, name, value });
    const form = {
      dataset: { path: "/v1/zones/{zone}", method: "PUT" },
      elements: [
        field("path", "zone", "0/25.example"),
        field("query", "dry-run", "true"),
        field("query", "wait", ""),
        field("type", "", "text/dns"),
        field("body", "", "@ SOA"),
      ],
      querySelector: (selector: string) => (selector === "pre" ? out : stop),
      addEventListener: (_event: string, listener: (event: object) => Promise<void>) => (submit = listener),
    };
    const out = { hidden: true, textContent: "" };
    const stop = { hidden: true, addEventListener: () => {} };
    const location = { hash: "#token=wr_1", pathname: "/docs" };
    const token = { value: "" };
    let shown = "";
    let submit = async (_event: object) => {};
    const run = new Function("document", "location", "history", "fetch", PAGE_SCRIPT);
    run(
      { getElementById: () => token, forms: [form] },
      location,
      { replaceState: (_state: null, _title: string, path: string) => (shown = path) },
      async (url: string, init: never) => {
        sent.push({ url, init });
        return new Response('{"a":1}', { status: 200, headers: { "content-type": "application/json" } });
      },
    );
    expect(shown).toBe("/docs");
    await submit({ preventDefault: () => {} });
    expect(sent[0]).toMatchObject({
      url: "./v1/zones/0%2F25.example?dry-run=true",
      init: {
        method: "PUT",
        headers: { "content-type": "text/dns", authorization: "Bearer wr_1" },
        body: "@ SOA",
      },
    });
    expect(out.textContent).toBe('200 \ncontent-type: application/json\n\n{\n  "a": 1\n}');
  });

  test("asks for the token only where it is used", async () => {
    expect((await service.app.inject({ url: "/v1/nodes", headers: ADMIN })).statusCode).toBe(200);
  });
});
