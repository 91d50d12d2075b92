/**
 * Response times while a zone is edited ten times a second: Windrose with the edits, gdnsd without, in the same
 * rounds. The zone that is asked and the zone that is edited are in one server.
 *
 * @module
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeMessage } from "../../src/wire/message.ts";
import { ask } from "../ask.ts";
import { type BenchContext, runUdp } from "../context.ts";
import { Editor } from "../editor.ts";
import type { EditRun } from "../figures.ts";
import { EDITED_FILE, EDITION_NAME, editionAddress, ZONES_FOLDER } from "../peers/zones.ts";
import { formatResponseTimes } from "../report.ts";
import type { ServerProcess } from "../server-process.ts";
import { aQuery } from "../workloads.ts";

const SECONDS = 4;
const WARM_UP_SECONDS = 1;
const WORKLOAD = "static";
const EDITS_PER_SECOND = 10;
/** What the server logs for each generation. */
const NEW_GENERATION = /new generation/g;
/** An edit that is not answered after so long is lost. */
const LAST_EDIT_MS_MAX = 1000;

export async function measureEdit(context: BenchContext): Promise<EditRun[]> {
  const { options, say } = context;
  const servers = ["gdnsd", "windrose"].flatMap((id) => {
    return context.servers.find(({ peer, isRunning }) => peer.id === id && isRunning) ?? [];
  });
  const runs: EditRun[] = [];
  const editor = new Editor(context.temporary, context.cores.server);
  for (let round = 0; round <= options.rounds; round++) {
    for (const server of servers) {
      const full = options.seconds ?? SECONDS;
      const seconds = round === 0 ? Math.min(WARM_UP_SECONDS, full) : full;
      const run = () => runUdp(server, { workload: WORKLOAD, seconds, rate: options.rate }, context);
      const common = { server: server.peer.id, workload: WORKLOAD, round };
      const measured: EditRun =
        server.peer.id === "windrose"
          ? { ...common, ...(await edited(server, editor, run)) }
          : { ...common, result: await run() };
      if (round > 0) runs.push(measured);
    }
  }
  const title = `response times at ${options.rate} queries a second, while a zone of 1,000 records is edited ${EDITS_PER_SECOND} times a second`;
  const notes = { gdnsd: "not edited", windrose: editNote(runs) };
  say(formatResponseTimes({ title, servers: servers.map(({ peer }) => peer), runs, notes }));
  return runs;
}

async function edited(
  server: ServerProcess,
  editor: Editor,
  run: () => Promise<EditRun["result"]>,
): Promise<Pick<EditRun, "result" | "edits">> {
  server.takeOutput();
  editor.start(join(server.directory, ZONES_FOLDER, EDITED_FILE), 1000 / EDITS_PER_SECOND);
  const result = await run();
  const { made, edition } = await editor.stop();
  const isLastAnswered = await isAnswered(server.port, edition);
  const generations = server.takeOutput().match(NEW_GENERATION)?.length ?? 0;
  return { result, edits: { made, generations, isLastAnswered } };
}

/** Does the server answer with this edition of the zone, or come to it in time? */
async function isAnswered(port: number, edition: number): Promise<boolean> {
  const deadlineMs = performance.now() + LAST_EDIT_MS_MAX;
  for (;;) {
    const octets = await ask(port, aQuery(EDITION_NAME));
    const reply = octets && decodeMessage(octets);
    const rdata = reply && "answer" in reply ? reply.answer[0]?.rdata : undefined;
    if (rdata?.join(".") === editionAddress(edition)) return true;
    if (performance.now() > deadlineMs) return false;
    await sleep(10);
  }
}

function editNote(runs: readonly EditRun[]): string {
  const all = runs.flatMap(({ edits }) => edits ?? []);
  const made = all.reduce((sum, edits) => sum + edits.made, 0);
  const generations = all.reduce((sum, edits) => sum + edits.generations, 0);
  const late = all.filter(({ isLastAnswered }) => !isLastAnswered).length;
  return `${made} edits, ${generations} generations${late > 0 ? `; the last edit not answered in ${late} rounds` : ""}`;
}
