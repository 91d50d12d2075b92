/**
 * Zones, as documents and as master files (`text/dns`, RFC 4027).
 *
 * A master file says nothing of expectations, so those that stand are kept when one is PUT. All else is replaced.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import type { ZoneText } from "../../documents/schema.ts";
import { zoneDataOf, zoneTextOf } from "../../documents/zone-text.ts";
import { type Fault, hasErrors } from "../../lib/fault.ts";
import type { DocumentBody } from "../../store/change.ts";
import { type DocumentKey, idOf } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import { nameKey } from "../../wire/name.ts";
import { formatMasterFile, parseMasterFile } from "../../zone/master-file.ts";
import { checkZone } from "../../zone/zone-check.ts";
import { MASTER_FILE_TYPE } from "../body.ts";
import type { ApiContext } from "../context.ts";
import { apexOf } from "../documents.ts";
import { etagOf } from "../etag.ts";
import { Problem } from "../problem.ts";
import { registerDocumentRoutes } from "./documents-of-kind.ts";

export function registerZones(app: FastifyInstance, context: ApiContext): void {
  registerDocumentRoutes(app, context, {
    kind: "zones",
    summaryOf,
    consumes: [MASTER_FILE_TYPE],
    readText: readMasterFile,
    sendOther(request, reply, key, body) {
      reply.header("vary", "accept");
      if (!prefersMasterFile(request.headers.accept)) return false;
      reply.header("etag", etagOf(body)).type(`${MASTER_FILE_TYPE}; charset=utf-8`);
      reply.send(masterFileOf(key, body, context.editor.documents));
      return true;
    },
  });
}

function summaryOf(id: string, { configuration }: Documents): object {
  const zone = configuration.zones.get(nameKey(apexOf(id)));
  return zone === undefined ? {} : { serial: zone.serial, soa: zone.soa };
}

/** JSON unless it is ruled out or liked less: whoever takes anything gets JSON. */
function prefersMasterFile(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const qualities = new Map(
    accept.split(",").map((each) => {
      const [type = "", ...parameters] = each.split(";").map((part) => part.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
      return [type, Number(q)] as const;
    }),
  );
  const any = qualities.get("*/*");
  const text = qualities.get(MASTER_FILE_TYPE) ?? qualities.get("text/*") ?? 0;
  const json = qualities.get("application/json") ?? qualities.get("application/*") ?? any ?? 0;
  if (text === 0 && json === 0 && any === undefined) {
    throw new Problem("not-acceptable", `a zone comes as application/json or ${MASTER_FILE_TYPE}`);
  }
  return (
    text > json || (qualities.has(MASTER_FILE_TYPE) && text === json && !qualities.has("application/json"))
  );
}

function masterFileOf(key: DocumentKey, body: DocumentBody, now: Documents): string {
  const apex = apexOf(idOf(key));
  const serial = now.configuration.zones.get(nameKey(apex))?.serial ?? 1;
  return formatMasterFile(zoneDataOf(apex, body as ZoneText, serial));
}

function readMasterFile(text: string, key: DocumentKey, before: DocumentBody | null): DocumentBody {
  const read = parseMasterFile(text, { file: "body", apex: apexOf(idOf(key)), skipSigning: true });
  const findings = read.data === undefined ? [] : checkZone(read.data);
  const faults: Fault[] = [
    ...read.faults,
    ...findings.map(({ severity, owner, type, message }) => ({
      severity,
      ...read.locate(owner, type),
      message,
    })),
  ];
  if (read.data === undefined || hasErrors(faults)) {
    const errors = faults
      .filter(({ severity }) => severity === "error")
      .map(({ line, column, message }) => ({ line, column, message }));
    const [first] = errors;
    throw new Problem("master-file-invalid", `line ${first?.line}: ${first?.message}`, { errors });
  }
  const body: DocumentBody = { ...zoneTextOf(read.data) };
  return before?.expect === undefined ? body : { ...body, expect: before.expect };
}
