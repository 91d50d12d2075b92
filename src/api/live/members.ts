/**
 * Members as paths and bodies name them, among the documents in use.
 *
 * @module
 */
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { nearestWord } from "../../lib/nearest.ts";
import type { MemberSpec } from "../../steering/spec.ts";
import type { MemberKey } from "../../store/live/live-exchange.ts";
import type { Documents } from "../../sync/editor.ts";
import { keyOf } from "../documents.ts";
import { requireDocument } from "../edit.ts";
import { Problem } from "../problem.ts";

export const memberParams = Type.Object({
  pool: Type.String({ description: "Id of the pool." }),
  member: Type.String({ description: "Name of the member, percent-encoded." }),
});

/** The member that a path names, for whoever may touch its pool. */
export function memberKeyOf(request: FastifyRequest): MemberKey {
  const { pool, member } = request.params as { pool: string; member: string };
  requireDocument(request, keyOf("pools", pool));
  return { pool, member };
}

/** Throws Problem "document-unknown" or "member-unknown". */
export function requireMember(now: Documents, { pool, member }: MemberKey): MemberSpec {
  const { pools } = now.configuration;
  const known = pools.get(pool);
  if (known === undefined) {
    const nearest = nearestWord(pool, pools.keys());
    const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
    throw new Problem("document-unknown", `there is no pool "${pool}"${hint}`);
  }
  const found = known.members.find(({ name }) => name === member);
  if (found !== undefined) return found;
  const names = known.members.slice(0, 20).map(({ name }) => name);
  throw new Problem(
    "member-unknown",
    `there is no member "${member}"; the pool "${pool}" has ${names.join(", ")}`,
  );
}
