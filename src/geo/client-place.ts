/**
 * What is known of a client's place. One for each thread; filled in when a step asks, and at most once for
 * each query.
 *
 * @module
 */
import { ClientNetwork } from "../lib/client-network.ts";
import type { PlaceData } from "./place-data.ts";

export class ClientPlace {
  readonly network = new ClientNetwork();
  /** Where places are looked up; null = nowhere. */
  data: PlaceData | null = null;

  /** `network` holds another client from now on. */
  begin(data: PlaceData | null): void {
    this.data = data;
  }
}
