/**
 * The types of monitors, and the check of each. A new type is a file beside this one, a line here, its keys in the schema
 * of documents, and a page in docs/monitors/.
 *
 * @module
 */
import type { MonitorDocument } from "../../documents/configuration.ts";
import { AgentCheck } from "./agent.ts";
import type { Check } from "./check.ts";
import { DnsCheck } from "./dns.ts";
import { GrpcCheck } from "./grpc.ts";
import { HttpCheck } from "./http.ts";
import { IcmpCheck } from "./icmp.ts";
import { TcpCheck } from "./tcp.ts";
import { TlsCheck } from "./tls.ts";

/** Costs up to some milliseconds with TLS, so a check is made once for each monitor document and run for all endpoints. */
export function makeCheck(monitor: MonitorDocument): Check {
  const text = monitor.check;
  switch (text.type) {
    case "http":
      return new HttpCheck(monitor, text);
    case "tcp":
      return new TcpCheck(monitor, text);
    case "tls":
      return new TlsCheck(monitor, text);
    case "dns":
      return new DnsCheck(monitor, text);
    case "icmp":
      return new IcmpCheck(monitor);
    case "grpc":
      return new GrpcCheck(monitor, text);
    case "agent":
      return new AgentCheck(monitor, text);
  }
}
