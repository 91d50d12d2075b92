/**
 * All servers that can be measured, in the order in which a round runs them.
 *
 * @module
 */
import { dns2 } from "./dns2.ts";
import { echo } from "./echo.ts";
import { gdnsd } from "./gdnsd.ts";
import { knot } from "./knot.ts";
import type { Peer } from "./peer.ts";
import { windrose } from "./windrose.ts";

export const PEERS: readonly Peer[] = [echo, gdnsd, windrose, knot, dns2];
