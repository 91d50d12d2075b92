/**
 * The shape of monitors: what all types have, and what each has of its own. See schema.ts.
 *
 * @module
 */
import Type, { type Static, type TProperties } from "typebox";
import { CLOSED, duration, flag, record, text, wholeNumber } from "./schema-parts.ts";

const statusRange = Type.Union(
  [
    Type.Integer({ minimum: 100, maximum: 599 }),
    Type.String({ pattern: "^[1-5][0-9]{2}(?:-[1-5][0-9]{2})?$" }),
  ],
  { errorMessage: "an HTTP status from 100 to 599 or a range such as 200-299" },
);

const portText = "a port number from 1 to 65535";

function port(description: string) {
  return Type.Integer({ minimum: 1, maximum: 65_535, description, errorMessage: portText });
}

function host(description: string) {
  return text("a host name", description);
}

const certificate = Type.Optional(
  Type.Object(
    {
      warn: Type.Optional(
        wholeNumber(0, 3650, "Days to the certificate's expiry below which a warning is shown. Default 14."),
      ),
      fail: Type.Optional(
        wholeNumber(0, 3650, "Days to the certificate's expiry below which the check fails. Default 0."),
      ),
    },
    { ...CLOSED, description: "How long the certificate must still be valid, in days." },
  ),
);

const verify = Type.Optional(
  flag("Whether the certificate must be valid for the server name. Default true."),
);
const tls = Type.Optional(flag("Whether to use TLS. Default false."));
const serverName = Type.Optional(
  host("The name sent as SNI and looked for in the certificate. Default: `host`, or the member's `target`."),
);

/** Keys of every type of monitor. */
const monitorCommon = {
  interval: Type.Optional(
    duration("Time between two checks of an endpoint by one prober, 1s to 1h. Default 10s."),
  ),
  timeout: Type.Optional(
    duration(
      "A check that takes longer has failed, 10ms to 1m, at most the interval. Default 5s, or the interval if that is less.",
    ),
  ),
  "down-after": Type.Optional(
    wholeNumber(
      1,
      100,
      "Consecutive failures until an endpoint is down; each is rechecked after `recheck` first. Default 3.",
    ),
  ),
  "up-after": Type.Optional(
    wholeNumber(1, 100, "Consecutive successes until an endpoint is up again. Default 2."),
  ),
  recheck: Type.Optional(
    duration("After a first failure, check again this soon, 10ms up to the interval. Default 1s."),
  ),
  quorum: Type.Optional(
    Type.Union([Type.Enum(["majority", "any", "all"]), Type.Integer({ minimum: 1, maximum: 1000 })], {
      description:
        "How many of the regions that see an endpoint must agree that it is down. Default majority.",
      errorMessage: "majority, any, all, or a number of regions from 1 to 1000",
    }),
  ),
  slow: Type.Optional(
    duration("A success that takes longer than this counts as a failure; at most the timeout."),
  ),
  observe: Type.Optional(flag("Check and show, but let the result change nothing. Default false.")),
};

function monitor<Kind extends string, Properties extends TProperties>(
  type: Kind,
  what: string,
  properties: Properties,
) {
  return Type.Object(
    { type: Type.Literal(type, { description: what }), ...monitorCommon, ...properties },
    { ...CLOSED, description: what },
  );
}

const send = Type.Optional(
  text("text to send", "Text sent after connecting; `\\r`, `\\n` and the like work in double quotes."),
);

export const Monitor = Type.Union(
  [
    monitor("http", "An HTTP/1.1 request; redirects are not followed.", {
      port: Type.Optional(port("Default 80, or 443 with `tls: true`.")),
      tls,
      verify,
      "server-name": serverName,
      certificate,
      method: Type.Optional(
        Type.Enum(["GET", "HEAD", "POST", "PUT", "OPTIONS"], {
          description: "Default GET.",
          errorMessage: "one of GET, HEAD, POST, PUT, OPTIONS",
        }),
      ),
      path: Type.Optional(
        Type.String({
          pattern: "^/[!-~]*$",
          description: "Default /.",
          errorMessage: "a path that begins with / and has no spaces",
        }),
      ),
      host: Type.Optional(host("The Host header. Default: the member's `target`, else its address.")),
      headers: Type.Optional(
        record(
          Type.String({ pattern: "^[\\t -~]*$", errorMessage: "the text of a header, in one line of ASCII" }),
          "Further headers of the request.",
          Type.String({
            pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
            errorMessage: "a header name: letters, digits and hyphens",
          }),
        ),
      ),
      expect: Type.Optional(
        Type.Object(
          {
            status: Type.Optional(
              Type.Union([...statusRange.anyOf, Type.Array(statusRange, { minItems: 1 })], {
                description:
                  "Statuses that count as success: one, a range, or a list of them. Default 200-299.",
                errorMessage: "an HTTP status from 100 to 599, a range such as 200-299, or a list of these",
              }),
            ),
            body: Type.Optional(
              text("text that the body must hold", "Text that must occur in the first 64 KiB of the body."),
            ),
            "body-matches": Type.Optional(
              text(
                "a regular expression",
                "Regular expression (JavaScript's, with the u flag) that must match in the first 64 KiB of the body.",
              ),
            ),
          },
          { ...CLOSED, description: "What a good response is." },
        ),
      ),
    }),
    monitor("tcp", "A TCP connection, with something to send and to expect if you like.", {
      port: port("The port to connect to."),
      send,
      expect: Type.Optional(
        text("text that must come back", "Text that must occur in the first 64 KiB that come back."),
      ),
    }),
    monitor("tls", "A TLS handshake.", {
      port: Type.Optional(port("Default 443.")),
      "server-name": serverName,
      verify,
      certificate,
    }),
    monitor("dns", "A DNS query.", {
      port: Type.Optional(port("Default 53.")),
      name: text("a domain name", "The name to ask for."),
      rrtype: Type.Optional(text("an RR type", "The type to ask for. Default A.")),
      transport: Type.Optional(
        Type.Enum(["udp", "tcp"], { description: "Default udp.", errorMessage: "udp or tcp" }),
      ),
      expect: Type.Optional(
        Type.Object(
          {
            rcode: Type.Optional(text("an RCODE such as NOERROR or NXDOMAIN", "Default NOERROR.")),
            answer: Type.Optional(
              text("rdata in presentation form", "Rdata that must be in the answer, in presentation form."),
            ),
          },
          { ...CLOSED, description: "What a good reply is." },
        ),
      ),
    }),
    monitor("icmp", "An ICMP echo (ping).", {}),
    monitor("grpc", "The gRPC health check (grpc.health.v1).", {
      port: port("The port to connect to."),
      tls,
      verify,
      "server-name": serverName,
      service: Type.Optional(
        Type.String({
          description: "The service to ask about. Default: the server as a whole.",
          errorMessage: "a service name",
        }),
      ),
    }),
    monitor("agent", "HAProxy's agent-check: one line that says up, down, drain, or a weight in percent.", {
      port: port("The port of the agent."),
      send,
    }),
  ],
  {
    title: "monitor type",
    description: "How to check endpoints: the members of the pools that name it.",
    errorMessage: "a map with `type: http` (or tcp, tls, dns, icmp, grpc, agent) and the keys of that type",
  },
);

export type MonitorText = Static<typeof Monitor>;
