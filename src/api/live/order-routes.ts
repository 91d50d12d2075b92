/**
 * Orders: what an operator wants of a member, whatever its health. They change no document, are in force on all nodes within
 * milliseconds, and end by themselves when they say until when.
 *
 *   PUT    /v1/pools/{pool}/members/{member}/order   {"kind": "drain", "for": "2h", "reason": "kernel"}
 *   DELETE                                           takes it back
 *   GET    /v1/orders                                all that are in force
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { DURATION_PATTERN, parseDuration } from "../../documents/duration.ts";
import { ORDER_NOTES } from "../../health/effective.ts";
import type { GivenOrder, MemberKey } from "../../store/live/live-exchange.ts";
import type { ApiContext } from "../context.ts";
import { reasonOf } from "../edit.ts";
import { checkPreconditions, etagOf, sendTagged } from "../etag.ts";
import { PageQuery, type PageRequest, pageOf } from "../paging.ts";
import { Problem } from "../problem.ts";
import { mayTouchSome } from "./endpoint-pools.ts";
import type { Live } from "./live.ts";
import type { StandingOrder } from "./live-copy.ts";
import { memberKeyOf, memberParams, requireMember } from "./members.ts";
import { showOrder } from "./show.ts";

const PATH = "/v1/pools/:pool/members/:member/order";

const tags = ["health"];

const KINDS = ["up", "down", "drain"] as const;

/** What is to last for longer belongs into the documents: `enabled: false`. */
const ORDER_MS_MAX = 366 * 24 * 3_600_000;

/** After this long the node is rather stuck than slow; the order is given in any case. */
const APPLY_MS_MAX = 1000;
const LOOK_INTERVAL_MS = 2;

const OrderBody = Type.Object(
  {
    kind: Type.Enum([...KINDS], {
      description:
        "down: no answers with it. drain: the same, but it is back where too few others are up. up: in, whatever checks say.",
      errorMessage: `one of ${KINDS.join(", ")}`,
    }),
    for: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        description: "How long from now, such as 2h. Without it and until: until it is taken back.",
        errorMessage: "a duration such as 2h",
      }),
    ),
    until: Type.Optional(
      Type.String({
        pattern: "^\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:[Zz]|[+-]\\d\\d:\\d\\d)$",
        description: "Until then, RFC 3339.",
        errorMessage: "a time as in 2026-11-21T18:00:00Z",
      }),
    ),
    reason: Type.Optional(
      Type.String({
        pattern: "^[^\\p{Cc}]{0,500}$",
        description: "Why, for those who find it; or ?reason=, or the header Windrose-Reason.",
        errorMessage: "one line of at most 500 characters",
      }),
    ),
  },
  { additionalProperties: false, errorMessage: "a map with kind" },
);

interface OrderText {
  readonly kind: GivenOrder["kind"];
  readonly for?: string;
  readonly until?: string;
  readonly reason?: string;
}

const ReasonQuery = Type.Object(
  { reason: Type.Optional(Type.String({ description: "Why; or the header Windrose-Reason." })) },
  { additionalProperties: false },
);

export function registerOrders(app: FastifyInstance, { editor }: ApiContext, live: Live): void {
  const { exchange, copy } = live;

  app.get(
    "/v1/orders",
    {
      schema: {
        summary: "Orders in force",
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const orders = new Map<string, StandingOrder>();
      for (const order of copy.orders()) {
        if (mayTouchSome(request.caller!, [order.pool])) orders.set(`${order.pool}/${order.member}`, order);
      }
      const ids = [...orders.keys()].sort();
      return pageOf(ids, request.query as PageRequest, (id) => showOrder(orders.get(id)!));
    },
  );

  app.get(
    PATH,
    { schema: { summary: "The order for a member", tags, params: memberParams } },
    async (request, reply) => sendTagged(request, reply, showOrder(existing(memberKeyOf(request)))),
  );

  app.put(
    PATH,
    {
      schema: {
        summary: "Force a member up or down, or drain it",
        tags,
        params: memberParams,
        querystring: ReasonQuery,
        body: OrderBody,
      },
    },
    async (request, reply) => {
      const member = memberKeyOf(request);
      requireOrderable(editor.documents, member);
      const before = copy.orderOf(member);
      checkPreconditions(request, before && etagOf(showOrder(before)), false);
      const order = orderOf(request, exchange.nowMs());
      request.changeReason = order.reason;
      const shown = showOrder({ ...member, ...order });
      request.auditNote = order.untilMs === null ? order.kind : `${order.kind} until ${shown.until}`;
      await exchange.order(member, order);
      const applied = await isApplied(live, member, order);
      return reply
        .code(before === undefined ? 201 : 200)
        .header("etag", etagOf(shown))
        .send({ ...shown, applied });
    },
  );

  app.delete(
    PATH,
    {
      schema: { summary: "Take an order back", tags, params: memberParams, querystring: ReasonQuery },
    },
    async (request, reply) => {
      const member = memberKeyOf(request);
      const before = showOrder(existing(member));
      checkPreconditions(request, etagOf(before), false);
      request.changeReason = reasonOf(request, request.query as { reason?: string });
      request.auditNote = `${before.kind} taken back`;
      await exchange.order(member, null);
      await isApplied(live, member, null);
      return reply.code(204).send();
    },
  );

  /** Also of a member that the documents do not have any more. */
  function existing(member: MemberKey): StandingOrder {
    const order = copy.orderOf(member);
    if (order !== undefined) return order;
    requireMember(editor.documents, member);
    throw new Problem(
      "order-unknown",
      `there is no order for "${member.member}" of the pool "${member.pool}"; GET /v1/orders lists what there is`,
    );
  }
}

/** Answers are steered by the members of pools, so a member that is a pool is nobody to be given orders. */
export function requireOrderable(now: Parameters<typeof requireMember>[0], key: MemberKey): void {
  const member = requireMember(now, key);
  if (member.kind !== "pool") return;
  const message = `"${key.member}" of "${key.pool}" is the pool "${member.pool}"; speak of its members instead`;
  throw new Problem("member-is-pool", message, { members: { pool: member.pool } });
}

function orderOf(request: FastifyRequest, nowMs: number): GivenOrder {
  const text = request.body as OrderText;
  const reason = text.reason ?? reasonOf(request, request.query as { reason?: string });
  return { kind: text.kind, untilMs: untilOf(text, nowMs), by: request.caller!.name, reason, atMs: nowMs };
}

function untilOf({ for: duration, until }: OrderText, nowMs: number): number | null {
  if (duration !== undefined && until !== undefined)
    throw badBody("/until", '"for" and "until" say the same in two ways; give one of them');
  if (duration === undefined && until === undefined) return null;
  const pointer = until === undefined ? "/for" : "/until";
  const untilMs = until === undefined ? nowMs + parseDuration(duration!) : Date.parse(until);
  if (Number.isNaN(untilMs))
    throw badBody(pointer, `"${until}" is no time; wanted one as in 2026-11-21T18:00:00Z`);
  if (untilMs <= nowMs) {
    const now = new Date(nowMs).toISOString();
    throw badBody(pointer, `the order would be over already; now is ${now}`);
  }
  if (untilMs - nowMs <= ORDER_MS_MAX) return untilMs;
  throw badBody(
    pointer,
    "an order lasts 366 days at most; give none of for and until, or say enabled: false in the pool",
  );
}

function badBody(pointer: string, message: string): Problem {
  return new Problem("body-invalid", message, { errors: [{ pointer, message }] });
}

/** Whether this node answers by it; waits until it does, for a moment. */
async function isApplied(
  live: Live,
  { pool, member }: MemberKey,
  order: GivenOrder | null,
): Promise<boolean> {
  const endMs = performance.now() + APPLY_MS_MAX;
  for (;;) {
    const known = live.health.pool(pool)?.members.find(({ name }) => name === member);
    // What it was told, and what it made of it.
    const isHeard = known?.order?.kind === order?.kind && known?.order?.untilMs === order?.untilMs;
    const notes = Object.entries(ORDER_NOTES).filter(([, note]) => known?.notes.includes(note));
    const isSame =
      isHeard && notes.every(([kind]) => kind === order?.kind) && notes.length === Number(order !== null);
    if (isSame || performance.now() > endMs) return isSame;
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}
