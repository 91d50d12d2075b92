/**
 * Every metric, once. Names follow Prometheus: counters end in _total, times are in seconds. A name is never changed or
 * given a second meaning. docs/reference/metrics.md lists them too, and a test keeps the two equal.
 *
 * @module
 */
import type { Metric } from "./exposition.ts";

export const METRICS = {
  queries: counter("windrose_dns_queries_total", ["transport", "family"], "DNS queries received"),
  queryTypes: counter("windrose_dns_queries_by_type_total", ["type"], "DNS queries received, by type"),
  responses: counter("windrose_dns_responses_total", ["rcode"], "DNS responses, by response code"),
  truncated: counter("windrose_dns_truncated_total", [], "Responses with TC set, which did not fit"),
  malformed: counter("windrose_dns_malformed_total", [], "Queries that were answered with FORMERR"),
  dropped: counter(
    "windrose_dns_dropped_total",
    ["reason"],
    "Packets without a response: no query at all (ignored), or one that killed a worker before (guarded)",
  ),
  failures: counter(
    "windrose_dns_failures_total",
    [],
    "Queries answered with SERVFAIL by a fault of the program",
  ),
  socketErrors: counter("windrose_dns_socket_errors_total", ["direction"], "Errors of UDP sockets"),
  duration: {
    name: "windrose_dns_response_duration_seconds",
    type: "histogram",
    labels: [],
    help: "Time from taking a batch of UDP queries to its responses being sent, for each query of a sample of batches; the sum is worked out from the buckets",
  },
  zoneQueries: counter("windrose_zone_queries_total", ["zone"], "DNS queries by zone; none before the first"),
  poolAnswers: counter(
    "windrose_pool_answers_total",
    ["pool", "member"],
    "Times that steering answered with a member",
  ),
  memberUp: gauge("windrose_member_up", ["pool", "member"], "1 while the member counts as up"),
  endpoints: gauge("windrose_endpoints", ["state"], "Endpoints that are checked, by their verdict"),
  endpointUp: gauge(
    "windrose_endpoint_up",
    ["monitor", "address"],
    "1 while the verdict is up, 0 while it is down; none while it is unknown",
  ),
  probeDuration: gauge(
    "windrose_probe_duration_seconds",
    ["monitor", "address"],
    "Time that the last good checks of an endpoint took, the middle one of the regions",
  ),
  certificateDays: gauge(
    "windrose_certificate_expiry_days",
    ["monitor", "address"],
    "Days until the certificate of an endpoint expires; negative when it has",
  ),
  probers: gauge("windrose_probers", ["region"], "Probers that are heard of"),
  proberAge: gauge(
    "windrose_prober_age_seconds",
    ["prober", "region"],
    "Seconds since the newest check that was heard of",
  ),
  proberSuspect: gauge(
    "windrose_prober_suspect",
    ["prober", "region"],
    "1 while a prober is not believed, as it sees nearly everything down and others do not",
  ),
  verdictAge: gauge(
    "windrose_verdict_age_seconds",
    [],
    "Seconds since the newest check of any prober; none before the first",
  ),
  exchangeUp: gauge("windrose_exchange_up", [], "1 while probers and other nodes can be reached"),
  incidents: counter("windrose_incidents_total", [], "Incidents that this node saw open"),
  incidentsOpen: gauge("windrose_incidents_open", [], "Incidents that last"),
  orders: gauge("windrose_orders", ["kind"], "Orders of operators in force: up, down, drain"),
  healthAlarms: gauge("windrose_health_alarms", [], "What somebody should look at: GET /v1/health tells it"),
  generation: gauge("windrose_generation", [], "Generation that every thread of this node answers from"),
  zones: gauge("windrose_zones", [], "Zones that this node answers for"),
  pools: gauge("windrose_pools", [], "Pools that this node answers from"),
  stateAge: gauge(
    "windrose_state_age_seconds",
    ["kind"],
    "Age of what this node answers from: seconds since the store was last asked with success",
  ),
  storeUp: gauge("windrose_store_up", ["kind"], "1 while the store can be asked"),
  placeDataAge: gauge(
    "windrose_place_data_age_seconds",
    ["file"],
    "Seconds since a file of place data was built",
  ),
  apiRequests: counter(
    "windrose_api_requests_total",
    ["method", "route", "status"],
    'Requests to the API; method and route are "other" where it has none such',
  ),
  eventClients: gauge("windrose_api_event_clients", [], "Open streams of server-sent events"),
  up: gauge("windrose_info", ["version", "node"], "Always 1; says the version and the name of the node"),
  cpu: counter("process_cpu_seconds_total", [], "User and system time of all threads, in seconds"),
  memory: gauge("process_resident_memory_bytes", [], "Resident memory"),
  heap: gauge("nodejs_heap_size_used_bytes", [], "Heap in use in the main thread"),
  start: gauge("process_start_time_seconds", [], "Start of the process, in seconds since 1970"),
} as const satisfies Record<string, Metric>;

function counter(name: string, labels: readonly string[], help: string): Metric {
  return { name, type: "counter", labels, help };
}

function gauge(name: string, labels: readonly string[], help: string): Metric {
  return { name, type: "gauge", labels, help };
}
