/**
 * The real API over a real store, on a port of loopback: for the proofs of editing.
 *
 * @module
 */
import type { AddressInfo } from "node:net";
import pino from "pino";
import { createApi } from "../../../src/api/app.ts";
import { Audit } from "../../../src/api/audit.ts";
import { API_LIMITS } from "../../../src/api/context.ts";
import { noTokens } from "../../../src/api/token-memory.ts";
import { Tokens } from "../../../src/api/tokens.ts";
import { ApiClient } from "./api-client.ts";
import type { Ask } from "./editors.ts";
import { openEditor, type Place } from "./work.ts";

const TOKEN = "a-token-of-the-proofs-of-editing";

export interface EditingApi {
  readonly ask: Ask;
  close(): Promise<void>;
}

export async function startEditingApi(place: Place): Promise<EditingApi> {
  const { editor, close } = await openEditor(place);
  const log = pino({ level: "silent" });
  const now = Date.now;
  const tokens = new Tokens(noTokens(), { adminToken: TOKEN, now });
  const audit = await Audit.open(undefined, { log, now });
  // Of one address, some hundreds of requests a second: here they are thousands.
  const limits = { ...API_LIMITS, requestsPerSecondMax: 0 };
  const app = createApi({ editor, tokens, audit, log, limits, now });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const client = new ApiClient({ port, token: TOKEN });
  return {
    ask: client.ask,
    async close() {
      client.close();
      await app.close();
      await tokens.close();
      await audit.close();
      await close();
    },
  };
}
