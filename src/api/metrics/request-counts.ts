/**
 * Requests to the API by method, route and status. Routes are those that the API has, with their parameters as
 * they are written (`/v1/zones/:zone`), so that strangers cannot make series up.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import type { Sample } from "./exposition.ts";

export class RequestCounts {
  readonly #counts = new Map<string, { labels: readonly string[]; value: number }>();

  get samples(): readonly Sample[] {
    return [...this.#counts.values()];
  }

  add(method: string, route: string | undefined, status: number): void {
    const labels = route === undefined ? ["other", "other", String(status)] : [method, route, String(status)];
    const key = labels.join(" ");
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { labels, value: 1 });
    else known.value++;
  }

  /** Counts what `app` answers from now on. Before the routes. */
  follow(app: FastifyInstance): void {
    app.addHook("onResponse", async ({ method, routeOptions, is404 }, { statusCode }) => {
      this.add(method, is404 ? undefined : routeOptions.url, statusCode);
    });
  }
}
