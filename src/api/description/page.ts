/**
 * The page to read and try the API at: an OpenAPI description as HTML. Made here and not in the browser, so that it can
 * be read without a script; page-assets.ts has the script that sends what the forms say.
 *
 *   tag
 *   └── GET /v1/zones/{zone}   summary          one <details> each
 *         description, a field for each parameter, one for the body, Send
 *
 * @module
 */

/** As much of OpenAPI 3.1 as the page shows. */
export interface ApiDescription {
  readonly info: { readonly title: string; readonly description?: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>> };
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema;
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

const METHODS = ["get", "post", "put", "patch", "delete"];

export function formatPage({ info, paths = {} }: ApiDescription): string {
  const sections = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = operations[method];
      if (operation === undefined) continue;
      const tag = operation.tags?.[0] ?? "other";
      sections.set(tag, [...(sections.get(tag) ?? []), formatOperation(method, path, operation)]);
    }
  }
  const body = [...sections].map(
    ([tag, parts]) => `<section><h2>${escapeHtml(tag)}</h2>${parts.join("")}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(info.title)} API</title>
<link rel="stylesheet" href="docs/page.css">
<script src="docs/page.js" defer></script>
</head>
<body>
<header>
<h1>${escapeHtml(info.title)} API</h1>
<p>${escapeHtml(info.description ?? "")} <a href="openapi.json">openapi.json</a></p>
<label>Token <input id="token" type="password" autocomplete="off" spellcheck="false"></label>
</header>
<main>
${body.join("\n")}
</main>
</body>
</html>
`;
}

function formatOperation(method: string, path: string, operation: Operation): string {
  const { summary = "", description, parameters = [], requestBody, responses = {} } = operation;
  const types = Object.keys(requestBody?.content ?? {});
  const verb = method.toUpperCase();
  return [
    `<details><summary><b class="${method}">${verb}</b> <code>${escapeHtml(path)}</code> ${escapeHtml(summary)}</summary>`,
    description === undefined ? "" : `<p>${escapeHtml(description)}</p>`,
    `<form data-method="${verb}" data-path="${escapeHtml(path)}">`,
    ...parameters.map(formatParameter),
    types.length === 0 ? "" : formatBody(types),
    `<p class="answers">Answers: ${escapeHtml(formatResponses(responses))}</p>`,
    '<button type="submit">Send</button> <button type="button" class="stop" hidden>Stop</button>',
    '<pre hidden aria-live="polite"></pre></form></details>',
  ].join("");
}

function formatParameter({ name, in: place, required = false, description, schema }: Parameter): string {
  const about = description ?? schema?.description ?? "";
  const example = schema?.examples?.[0];
  const placeholder = example === undefined ? "" : ` placeholder="${escapeHtml(String(example))}"`;
  return `<label><span><code>${escapeHtml(name)}</code> <i>${place}</i></span><input name="${escapeHtml(name)}" data-in="${place}"${required ? " required" : ""}${placeholder} autocomplete="off" spellcheck="false"><small>${escapeHtml(about)}</small></label>`;
}

function formatBody(types: readonly string[]): string {
  const options = types.map((type) => `<option>${escapeHtml(type)}</option>`).join("");
  return `<label><span><code>Content-Type</code></span><select data-in="type">${options}</select></label><label><span>body</span><textarea data-in="body" rows="6" spellcheck="false"></textarea></label>`;
}

function formatResponses(responses: NonNullable<Operation["responses"]>): string {
  return Object.entries(responses)
    .map(([status, { description = "" }]) =>
      description === "" || description === "Default Response" ? status : `${status} (${description})`,
    )
    .join(", ");
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
