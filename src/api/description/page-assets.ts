/**
 * The script and the style of /docs. As texts, so that they are there wherever the program is, built or not.
 *
 * The script sends what a form says to this very server, with the token from the field on top, and shows what comes. The token
 * stays in that field: it is not stored, and goes nowhere else. `/docs#token=…` fills it in, and takes it out of the address.
 *
 * @module
 */

export const PAGE_SCRIPT = `"use strict";
const token = document.getElementById("token");
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given !== null) {
  token.value = given;
  history.replaceState(null, "", location.pathname);
}
const SHOWN_MAX = 200000;

function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  let body;
  for (const field of form.elements) {
    const place = field.dataset.in;
    if (place === undefined) continue;
    if (place === "path") path = path.replace("{" + field.name + "}", encodeURIComponent(field.value));
    else if (field.value === "") continue;
    else if (place === "query") query.append(field.name, field.value);
    else if (place === "header") headers[field.name] = field.value;
    else if (place === "body") body = field.value;
    else headers["content-type"] = field.value;
  }
  if (body === undefined) delete headers["content-type"];
  if (token.value !== "") headers.authorization = "Bearer " + token.value;
  const search = query.toString();
  // Below wherever this page stands, which need not be the root.
  return { url: "." + path + (search === "" ? "" : "?" + search), init: { method: form.dataset.method, headers, body } };
}

function pretty(text, type) {
  if (!/json/.test(type)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(form, signal) {
  const out = form.querySelector("pre");
  out.hidden = false;
  out.textContent = "…";
  const { url, init } = requestOf(form);
  try {
    const response = await fetch(url, { ...init, signal });
    const names = ["content-type", "etag", "location", "retry-after"];
    const head = [response.status + " " + response.statusText, ...names.filter((name) => response.headers.has(name)).map((name) => name + ": " + response.headers.get(name))].join("\\n");
    const type = response.headers.get("content-type") ?? "";
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text = (text + decoder.decode(value, { stream: true })).slice(-SHOWN_MAX);
      out.textContent = head + "\\n\\n" + text;
    }
    out.textContent = head + "\\n\\n" + pretty(text, type);
  } catch (error) {
    if (error.name !== "AbortError") out.textContent = String(error);
  }
}

for (const form of document.forms) {
  const stop = form.querySelector(".stop");
  let abort;
  stop.addEventListener("click", () => abort.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    abort?.abort();
    const mine = new AbortController();
    abort = mine;
    stop.hidden = false;
    await send(form, mine.signal);
    if (abort === mine) stop.hidden = true;
  });
}
`;

export const PAGE_STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 0 auto; padding: 1rem; }
header { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding-bottom: 1rem; }
h1 { margin: 0; }
h2 { margin: 1.5rem 0 0.5rem; text-transform: capitalize; }
details { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 6px; margin: 0.3rem 0; padding: 0 0.8rem; }
summary { cursor: pointer; padding: 0.4rem 0; }
summary b { display: inline-block; min-width: 4.5rem; }
.get { color: #1a7f37; } .put, .patch { color: #9a6700; } .post { color: #0969da; } .delete { color: #cf222e; }
label { display: grid; grid-template-columns: 14rem 1fr; gap: 0.2rem 0.8rem; margin: 0.3rem 0; }
label small { grid-column: 2; opacity: 0.75; }
header label { grid-template-columns: 4rem 1fr; }
input, select, textarea, button { font: inherit; padding: 0.2rem 0.5rem; }
textarea, pre, code { font-family: ui-monospace, monospace; font-size: 0.9rem; }
pre { overflow: auto; max-height: 30rem; padding: 0.6rem; background: color-mix(in srgb, currentColor 8%, transparent); }
.answers { opacity: 0.75; margin: 0.3rem 0; }
@media (max-width: 40rem) { label, header label { grid-template-columns: 1fr; } label small { grid-column: 1; } }
`;
