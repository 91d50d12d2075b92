/**
 * What the API says of the node that it runs in, in one piece: health, metrics, explanations, nodes, events, and the
 * description of the whole API. Made by serve, which gives `before` and `routes` to createApi().
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import type { Nodes } from "../store/nodes.ts";
import type { Editor } from "../sync/editor.ts";
import { registerAbout } from "./description/about.ts";
import { collectDescription, registerDescription } from "./description/openapi.ts";
import { EventRing } from "./events/event-ring.ts";
import { EventStreams } from "./events/event-streams.ts";
import { GenerationEvents } from "./events/generation-events.ts";
import { HealthEvents } from "./events/health-events.ts";
import { registerEvents } from "./events/routes.ts";
import { registerExplain } from "./explain-route.ts";
import type { Live } from "./live/live.ts";
import type { LiveCounts } from "./metrics/collect.ts";
import { RequestCounts } from "./metrics/request-counts.ts";
import { registerMonitoring } from "./metrics/routes.ts";
import type { NodeFace } from "./node-face.ts";
import { LocalNode } from "./nodes/nodes.ts";
import { registerNodes } from "./nodes/routes.ts";
import { registerPlan } from "./plan/route.ts";

export interface NodeServiceOptions {
  readonly node: NodeFace;
  /** Who made which generation, and why; and what a change would come to. */
  readonly changes: Pick<Editor, "change" | "edit">;
  /** Without it nothing is said of health. */
  readonly live?: Live;
  /** Where there are others; this process alone, when left out. */
  readonly nodes?: Nodes;
}

export class NodeService {
  /** For `?wait`, and for who publishes what else happens. */
  readonly nodes: Nodes;
  readonly ring: EventRing;
  readonly #node: NodeFace;
  readonly #changes: NodeServiceOptions["changes"];
  readonly #streams: EventStreams;
  readonly #generations: GenerationEvents;
  readonly #live: NodeServiceOptions["live"];
  readonly #health: HealthEvents | undefined;
  readonly #requests = new RequestCounts();

  constructor({ node, changes, live, nodes = new LocalNode(node) }: NodeServiceOptions) {
    this.#node = node;
    this.#changes = changes;
    this.nodes = nodes;
    this.ring = new EventRing(node.startedMs.toString(36));
    this.#streams = new EventStreams(this.ring);
    this.#live = live;
    this.#health = live && new HealthEvents(this.ring, live.health);
    this.#generations = new GenerationEvents(this.ring, node.plane, changes);
  }

  /** Before all routes of the API, so that it sees each of them. */
  before(app: FastifyInstance): void {
    this.#requests.follow(app);
    collectDescription(app);
  }

  routes(app: FastifyInstance): void {
    registerMonitoring(app, {
      node: this.#node,
      requests: this.#requests,
      eventClients: () => this.#streams.count,
      ...(this.#live && { live: liveCounts(this.#live, this.#health!) }),
    });
    registerExplain(app, this.#node, this.#live);
    registerPlan(app, this.#changes, this.#node.plane);
    registerNodes(app, this.nodes);
    registerEvents(app, this.#streams);
    registerDescription(app);
    registerAbout(app);
    app.addHook("onReady", async () => {
      this.#generations.start();
      this.#health?.start();
    });
    app.addHook("onClose", async () => {
      this.#health?.stop();
      await this.#generations.stop();
    });
  }
}

function liveCounts(live: Live, events: HealthEvents): () => LiveCounts {
  return () => ({ ...live, incidentsOpened: events.incidentsOpened });
}
