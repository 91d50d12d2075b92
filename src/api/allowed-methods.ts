/**
 * Which methods a path has, for those who ask with another one (RFC 9110 section 15.5.6).
 *
 * @module
 */
import type { FastifyInstance } from "fastify";

export class AllowedMethods {
  readonly #methods = new Map<string, { readonly steps: readonly string[]; readonly methods: Set<string> }>();

  /** Learns the routes that `app` gets from now on. */
  follow(app: FastifyInstance): void {
    app.addHook("onRoute", ({ url, method }) => {
      let route = this.#methods.get(url);
      if (route === undefined) {
        route = { steps: url.split("/"), methods: new Set() };
        this.#methods.set(url, route);
      }
      for (const each of [method].flat()) route.methods.add(each);
    });
  }

  /** Sorted; empty where there is no such path. `path` is as it was asked for, percent-encoded. */
  of(path: string): string[] {
    const asked = path.split("/");
    const found = new Set<string>();
    for (const { steps, methods } of this.#methods.values()) {
      if (steps.length !== asked.length) continue;
      if (steps.every((step, place) => step.startsWith(":") || step === asked[place]))
        for (const method of methods) found.add(method);
    }
    return [...found].sort();
  }
}
