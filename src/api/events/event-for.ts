/**
 * As much of an event as a token may know.
 *
 * @module
 */
import { type Grant, mayTouch } from "../tokens.ts";
import type { ServerEvent } from "./event-ring.ts";
import type { GenerationEvent } from "./generation-events.ts";
import { type HealthEvent, healthFor, type IncidentEvent, incidentsFor } from "./health-events.ts";

/** Of a change of documents that are none of its own, a token for some learns the number alone. */
export function eventFor(event: ServerEvent, grant: Grant): ServerEvent {
  if (grant.zones === undefined && grant.pools === undefined) return event;
  switch (event.type) {
    case "generation":
      return { ...event, data: generationFor(event.data as GenerationEvent, grant) };
    case "health":
      return { ...event, data: healthFor(event.data as HealthEvent, grant) };
    case "incident":
      return { ...event, data: incidentsFor(event.data as IncidentEvent, grant) };
    default:
      // Of kinds of events that this does not know, such a token learns that something happened.
      return { ...event, data: {} };
  }
}

function generationFor(data: GenerationEvent, grant: Grant): GenerationEvent {
  const documents = data.documents.filter((key) => mayTouch(grant, key));
  if (documents.length === data.documents.length) return data;
  const hidden = documents.length === 0 ? { author: null, reason: null } : {};
  return { ...data, ...hidden, documents };
}
