/**
 * How long after an edit over the API every worker answers by it: from the moment when the request is written to the
 * last of the answers that must be new.
 *
 * @module
 */
import { processTreeCpuSeconds } from "../process-cpu.ts";
import { aQuery } from "../workloads.ts";
import { AnswerWatch } from "./answer-watch.ts";
import type { ApiNode } from "./api-node.ts";
import { HOSTS, POOLS, poolId, ZONES, zoneId } from "./documents.ts";

/** Code runs cold at first. */
const WARM_UP_EDITS = 20;

export type EditKind = "rrset" | "member";

export interface EditTimes {
  /** To the answers of all sockets of all nodes, in ms. */
  readonly answered: readonly number[];
  /** To the reply of the API. */
  readonly replied: readonly number[];
  /** By the receipts, where they were waited for: the last node's. */
  readonly receipts: readonly number[];
  /** Of one edit, in ms: what the processes of all nodes used, the queries that looked for it included. */
  readonly cpuMs: number;
}

export interface EditOptions {
  readonly kind: EditKind;
  readonly count: number;
  /** As ?wait= has it. */
  readonly wait?: string;
}

/** Edits over the first of these nodes, one after the other; all of them are asked. */
export async function timeEdits(
  nodes: readonly ApiNode[],
  { kind, count, wait }: EditOptions,
): Promise<EditTimes> {
  const watches: AnswerWatch[] = [];
  const [answered, replied, receipts]: [number[], number[], number[]] = [[], [], []];
  let cpuSeconds = 0;
  try {
    for (const { dnsPort } of nodes) watches.push(await AnswerWatch.open(dnsPort));
    for (let edit = 0; edit < count + WARM_UP_EDITS; edit++) {
      if (edit === WARM_UP_EDITS) cpuSeconds -= cpuSecondsOf(nodes);
      const { path, method, body, name, address } = editOf(kind, edit);
      const query = aQuery(name);
      const startedMs = performance.now();
      const anew = Promise.all(watches.map((watch) => watch.until(query, address)));
      const waiting = wait === undefined ? path : `${path}?wait=${wait}`;
      const [reply, timesMs] = await Promise.all([nodes[0]!.call(method, waiting, body), anew]);
      if (edit < WARM_UP_EDITS) continue;
      answered.push(Math.max(...timesMs) - startedMs);
      replied.push(reply.ms);
      if (wait !== undefined) receipts.push(lastReceipt(reply.body, nodes.length));
    }
    cpuSeconds += cpuSecondsOf(nodes);
  } finally {
    for (const watch of watches) watch.close();
  }
  return { answered, replied, receipts, cpuMs: (cpuSeconds * 1000) / count };
}

function cpuSecondsOf(nodes: readonly ApiNode[]): number {
  return nodes.reduce((sum, { pid }) => sum + processTreeCpuSeconds(pid), 0);
}

/** A dry run of the same, n-th edit: what it takes until the API replies. */
export async function timeDryRuns(node: ApiNode, kind: EditKind, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let edit = 0; edit < count + WARM_UP_EDITS; edit++) {
    const { path, method, body } = editOf(kind, edit);
    const { ms } = await node.call(method, `${path}?dry-run=true`, body);
    if (edit >= WARM_UP_EDITS) times.push(ms);
  }
  return times;
}

/** Each edit gives another address, so that no answer from before can be taken for a new one. */
let editions = 0;

function editOf(kind: EditKind, edit: number) {
  const edition = ++editions;
  const address = Uint8Array.of(10, 128 | (edition >> 16), (edition >> 8) & 255, edition & 255);
  const text = address.join(".");
  // Far from each other, as edits are.
  const zone = (edit * 389) % ZONES;
  if (kind === "member") {
    const pool = zone % POOLS;
    const path = `/v1/pools/${poolId(pool)}/members/m1`;
    return {
      method: "PATCH",
      path,
      body: { address: [text, "2001:db8::1"] },
      name: `www.${zoneId(zone)}`,
      address,
    };
  }
  const owner = `host-${edit % HOSTS}`;
  return {
    method: "PUT",
    path: `/v1/zones/${zoneId(zone)}/rrsets/${owner}/A`,
    body: { ttl: 60, data: [text] },
    name: `${owner}.${zoneId(zone)}`,
    address,
  };
}

function lastReceipt(body: string, nodes: number): number {
  const { receipts } = JSON.parse(body) as { receipts: readonly { ms: number }[] };
  if (receipts.length !== nodes) throw new Error(`not all receipts: ${body}`);
  return Math.max(...receipts.map(({ ms }) => ms));
}
