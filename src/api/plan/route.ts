/**
 * POST /v1/plan: what a change would do, before it is made. The documents that would change, and where clients would move.
 *
 *   documents ─► Editor, as a dry run ─► what it changes, what is wrong with it
 *                        └─► configuration as it would be ─► moves.ts ─► shares by pool and member, before and after
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import Type, { type Static } from "typebox";
import { Documents as DocumentsSchema } from "../../documents/schema.ts";
import { formatAddress, parsePrefix } from "../../lib/address.ts";
import { applyNews, newsBetween } from "../../snapshot/snapshot.ts";
import { copyLive } from "../../steering/live.ts";
import type { DocumentBody, Edit, PartChange } from "../../store/change.ts";
import { DOCUMENT_KINDS, type DocumentKey, documentKey, idOf, kindOf } from "../../store/document-key.ts";
import type { Documents, Editor } from "../../sync/editor.ts";
import { nameKey, parseName, ROOT } from "../../wire/name.ts";
import { API_LIMITS } from "../context.ts";
import { keyOf } from "../documents.ts";
import { requireDocument, type ShownPart, shownPart } from "../edit.ts";
import type { AnsweringPlane } from "../node-face.ts";
import { itemOfFault, Problem, type ProblemItem } from "../problem.ts";
import { type PlanClient, populationClients } from "./clients.ts";
import { movesBetween, type NameMoves } from "./moves.ts";

/** For all names together: people wait for it. */
const TIME_MS_MAX = 10_000;
const CLIENTS_MAX = 2000;
const SEED = 1;

const PlanBody = Type.Object(
  {
    documents: {
      ...DocumentsSchema,
      description: "As in a file. Of what is named here, all that is to stand; the rest stays as it is.",
    },
    whole: Type.Optional(
      Type.Boolean({
        description: "Documents that are not named go: the body is all there is to be.",
        errorMessage: "true or false",
      }),
    ),
    clients: Type.Optional(
      Type.Array(
        Type.Object(
          {
            network: Type.String({ description: "203.0.113.0/24" }),
            weight: Type.Number({ exclusiveMinimum: 0, errorMessage: "a number above 0" }),
          },
          { additionalProperties: false, errorMessage: "a map of network and weight" },
        ),
        {
          maxItems: CLIENTS_MAX,
          minItems: 1,
          description: "Who asks, and how much; countries by their people when left out.",
          errorMessage: `a list of 1 to ${CLIENTS_MAX} networks with weights`,
        },
      ),
    ),
  },
  { additionalProperties: false, errorMessage: "a map with documents" },
);

type PlanRequest = Static<typeof PlanBody>;
type Bodies = Readonly<Partial<Record<string, Readonly<Record<string, DocumentBody>> | null>>>;

export interface PlanAnswer {
  /** What it was compared with. */
  readonly generation: number;
  readonly changes: readonly ShownPart[];
  readonly warnings: readonly ProblemItem[];
  readonly clients: { readonly by: "population" | "list"; readonly networks: number };
  readonly names: readonly NameMoves[];
  /** Names that were not looked at, since there were too many, or no time was left. */
  readonly namesLeftOut: number;
}

export function registerPlan(
  app: FastifyInstance,
  editor: Pick<Editor, "edit">,
  plane: AnsweringPlane,
): void {
  app.post<{ Body: PlanRequest }>(
    "/v1/plan",
    {
      bodyLimit: API_LIMITS.documentOctetsMax,
      config: { access: "read" },
      schema: {
        summary: "What a change would do, and where clients would move",
        description:
          "Nothing is changed. Each name that a changed zone or pool has a say in is asked for by each client, as things are and as they would be; the part whose first address comes from another member has moved.",
        tags: ["steering"],
        body: PlanBody,
      },
    },
    async (request): Promise<PlanAnswer> => {
      const { documents, whole = false, clients } = request.body;
      const listed = clients?.map(clientOf);
      const running = plane.snapshot;
      const outcome = await editor.edit({
        author: request.caller?.name ?? "",
        reason: "",
        dryRun: true,
        edits: async (now) => {
          const edits = editsOf(documents as Bodies, whole, now);
          for (const { key } of edits) requireDocument(request, key);
          return edits;
        },
      });
      const { generation, parts, warnings, configuration } = outcome;
      const asking = listed ?? (await populationClients(running.clientTables.places));
      const answer = {
        generation,
        changes: parts.map(shownPart),
        warnings: warnings.map(itemOfFault),
        clients: { by: listed === undefined ? "population" : "list", networks: asking.length },
      } as const;
      if (configuration === undefined || asking.length === 0)
        return { ...answer, names: [], namesLeftOut: 0 };
      const before = { ...running, live: copyLive(running.live) };
      // Made from a copy, whose table it may go on with.
      const after = applyNews(before, newsBetween(before, configuration));
      const moves = await movesBetween({
        before,
        after: { ...after, live: copyLive(after.live) },
        ...changed(parts),
        clients: asking,
        seed: SEED,
        deadlineMs: performance.now() + TIME_MS_MAX,
      });
      return { ...answer, ...moves };
    },
  );
}

function editsOf(bodies: Bodies, whole: boolean, now: Documents): Edit[] {
  const edits = new Map<DocumentKey, Edit>();
  for (const kind of DOCUMENT_KINDS) {
    if (whole)
      for (const id of now.ids(kind))
        edits.set(documentKey(kind, id), { key: documentKey(kind, id), body: null });
    for (const [id, body] of Object.entries(bodies[kind] ?? {})) {
      const key = keyOf(kind, id);
      edits.set(key, { key, body });
    }
  }
  return [...edits.values()];
}

function clientOf({ network, weight }: { network: string; weight: number }, index: number): PlanClient {
  const parsed = parsePrefix(network);
  if (parsed !== undefined) {
    const { address, length } = parsed;
    return { network: parsed, weight, group: `${formatAddress(address)}/${length}` };
  }
  const message = `"${network}" is no network; write it as 203.0.113.0/24 or 2001:db8::/56`;
  throw new Problem("body-invalid", message, { errors: [{ pointer: `/clients/${index}/network`, message }] });
}

function changed(parts: readonly PartChange[]): { zones: Set<string>; pools: Set<string> } {
  const of = (kind: string) =>
    parts
      .map(({ key }) => key)
      .filter((key) => kindOf(key) === kind)
      .map(idOf);
  return {
    zones: new Set(of("zones").map((id) => nameKey(parseName(id, ROOT)))),
    pools: new Set(of("pools")),
  };
}
