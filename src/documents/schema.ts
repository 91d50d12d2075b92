/**
 * The shape of documents, said once. This schema yields the TypeScript types below, checks what
 * is loaded, and is what editors get as zones/schema.json.
 *
 *   Documents ─┬─ monitors: id → Monitor       one object for each type: schema-monitors.ts
 *              ├─ pools:    id → Pool          policy: the steps of steering's table
 *              └─ zones:    apex → Zone ── records: owner → what stands there
 *
 * `description` is what editors show; `errorMessage` says what would be right, to editors and in
 * our own faults (see schema-faults.ts). A key that is not here is not accepted, so that a
 * key which a later version brings does not seem to work.
 *
 * What no schema can say (references, ranges of texts, rdata) is in the files beside this one.
 *
 * @module
 */
import Type, { type Static } from "typebox";
import { STEP_TYPES } from "../steering/step-table.ts";
import { ANSWERS_MAX, ID_PATTERN, TTL_MAX, WEIGHT_MAX } from "./limits.ts";
import { Monitor } from "./schema-monitors.ts";
import { CLOSED, duration, flag, ID_MESSAGE, id, idKeys, record, text, wholeNumber } from "./schema-parts.ts";

export { Monitor, type MonitorText } from "./schema-monitors.ts";

function ttl(description: string) {
  return Type.Union(
    [
      Type.Integer({ minimum: 0, maximum: TTL_MAX }),
      Type.String({ pattern: "^(?:[0-9]{1,10}[wdhmsWDHMS])+$" }),
    ],
    {
      description,
      errorMessage: `seconds from 0 to ${TTL_MAX}, or a time with units such as 5m or 1h30m`,
    },
  );
}

// --- pools ---

const steps = [...STEP_TYPES.values()];
const stepNames = steps.map((step) => step.name);
const stepWanted = "a step name, a map with one step name and its options, or a list of these";

const stepForms = [
  Type.Enum(stepNames, { description: steps.map((step) => `${step.name}: ${step.summary}`).join("\n") }),
  ...steps.map((step) =>
    Type.Object(
      { type: Type.Literal(step.name), ...step.optionsSchema.properties },
      { ...CLOSED, description: step.summary },
    ),
  ),
  ...steps.map((step) =>
    Type.Object(
      { [step.name]: Type.Object(step.optionsSchema.properties, CLOSED) },
      { ...CLOSED, description: step.summary },
    ),
  ),
];

/** One step as a document may write it. */
export type StepText = string | Readonly<Record<string, unknown>>;

const Policy = Type.Unsafe<StepText | StepText[]>(
  Type.Union(
    [
      ...stepForms,
      Type.Array(
        Type.Union(stepForms, {
          title: "step",
          errorMessage: "a step name, or a map with one step name and its options",
        }),
        {
          minItems: 1,
          maxItems: 16,
          description: "A chain: each step narrows or orders what the one before left.",
        },
      ),
    ],
    {
      title: "step",
      description: "How to choose among the members that are up. Default weighted.",
      errorMessage: stepWanted,
    },
  ),
);

function region(description: string) {
  return Type.String({ pattern: ID_PATTERN, description, errorMessage: ID_MESSAGE });
}

function location(description: string) {
  return Type.Union(
    [
      Type.Tuple([Type.Number({ minimum: -90, maximum: 90 }), Type.Number({ minimum: -180, maximum: 180 })], {
        maxItems: 2,
      }),
      Type.String({ minLength: 1 }),
    ],
    {
      description,
      errorMessage: "[latitude, longitude] in degrees (-90 to 90, -180 to 180), or the name of a place",
    },
  );
}

const servedWanted = 'a country (FR), subdivision (US-CA), continent, AS (AS64500) or network, or "*"';

/** What `serves` and `from` may name. */
const served = Type.String({ minLength: 1, errorMessage: servedWanted });

function loadMark(description: string) {
  return Type.Union(
    [Type.Number({ minimum: 0, maximum: 10 }), Type.String({ pattern: "^[0-9]{1,3}(?:[.][0-9]{1,3})?%$" })],
    { description, errorMessage: "a part of the capacity, such as 80% or 0.8" },
  );
}

const memberCommon = {
  name: Type.Optional(
    Type.String({
      pattern: ID_PATTERN,
      description: "Unique in the pool. Default: the first address, the target or the pool.",
      errorMessage: ID_MESSAGE,
    }),
  ),
  weight: Type.Optional(
    wholeNumber(
      0,
      WEIGHT_MAX,
      "Share of the answers, in proportion to the other members; 0 = last resort, only when every other is down. Default 1.",
    ),
  ),
  enabled: Type.Optional(flag("false takes the member out of the answers. Default true.")),
  serves: Type.Optional(
    Type.Union([served, Type.Array(served, { minItems: 1 })], {
      description:
        'Whose clients it serves, for `geo`: countries (FR), subdivisions (US-CA), continents, AS numbers (AS64500), networks (192.0.2.0/24), and "*" for all others. The most specific match wins.',
      errorMessage: `${servedWanted}, or a list of these`,
    }),
  ),
  location: Type.Optional(
    location(
      "Where it stands, for `proximity`, as the pool's `location`. Default: of a member that is a pool, where that pool says; else the pool's.",
    ),
  ),
  bias: Type.Optional(
    wholeNumber(
      -99,
      99,
      "For `proximity`: above 0 it draws clients from farther away, below 0 it leaves them to others. Default 0.",
    ),
  ),
  region: Type.Optional(
    region(
      "Whose round-trip times speak for it, for `latency`. Default: of a member that is a pool, what that pool says; else the pool's.",
    ),
  ),
  capacity: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: "What it can carry, for `load`, in any unit: requests, connections, Mbit/s.",
      errorMessage: "a number above 0",
    }),
  ),
  load: Type.Optional(
    Type.Number({
      minimum: 0,
      description: "What it carries while nothing else was reported, in the unit of `capacity`. Default 0.",
      errorMessage: "a number, 0 or more",
    }),
  ),
  low: Type.Optional(loadMark("From this part of the capacity on, traffic starts to leave. Default 80%.")),
  high: Type.Optional(loadMark("At this part of the capacity all traffic has left. Default 100%.")),
};

const addressWanted = "an IPv4 or IPv6 address, or a list of one of each";

export const Member = Type.Union(
  [
    Type.String({ description: "An endpoint by its address alone." }),
    Type.Object(
      {
        ...memberCommon,
        address: Type.Optional(
          Type.Union(
            [
              Type.String(),
              Type.Array(Type.String({ errorMessage: "an IPv4 or IPv6 address" }), {
                minItems: 1,
                maxItems: 2,
              }),
            ],
            {
              description: "The endpoint's address, or its IPv4 and its IPv6 address.",
              errorMessage: addressWanted,
            },
          ),
        ),
        target: Type.Optional(
          text(
            "a host name",
            "A host name, answered as CNAME; not at an apex, and not beside other data. Always absolute.",
          ),
        ),
        pool: Type.Optional(id("Another pool, which chooses among its own members.")),
      },
      { ...CLOSED, description: "Exactly one of address, target and pool." },
    ),
  ],
  { errorMessage: "a map with one of address, target and pool, or an address" },
);

export const Pool = Type.Object(
  {
    members: Type.Array(Member, {
      description: "What the pool chooses among, in the order that `failover` follows.",
      errorMessage: "a list of members",
    }),
    policy: Type.Optional(Policy),
    answers: Type.Optional(wholeNumber(1, ANSWERS_MAX, "Addresses in one answer. Default 1.")),
    "min-up": Type.Optional(
      wholeNumber(1, 1_000_000, "The pool is up while at least so many members are. Default 1."),
    ),
    "when-down": Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "Below min-up: `open` answers as if all were up (the default), `closed` answers NODATA, the id of a pool answers from there.",
        errorMessage: "open, closed, or the id of a pool",
      }),
    ),
    monitor: Type.Optional(id("The monitor that checks the members.")),
    "warm-up": Type.Optional(
      duration(
        "A member that comes back has 10 % of its weight at first, and all of it after this time, 1s to 1h. Default: all of it at once.",
      ),
    ),
    "max-out": Type.Optional(
      Type.Union(
        [
          Type.Integer({ minimum: 1, maximum: 1_000_000 }),
          Type.String({ pattern: "^(?:[1-9]|[1-9][0-9]|100)%$" }),
        ],
        {
          description:
            "How many members checks may take out at once: a number, or a part of the pool such as 50%. Beyond it members stay in, loudly. Default: all.",
          errorMessage: "a number of members, 1 or more, or a part of them from 1% to 100%",
        },
      ),
    ),
    "health-view": Type.Optional(
      Type.Enum(["quorum", "region"], {
        title: "health view",
        description:
          "Whom a node believes: the `quorum` of the regions (the default), or its own `region`, and the quorum where that has no opinion.",
        errorMessage: "quorum or region",
      }),
    ),
    region: Type.Optional(
      region("The region whose probers and round-trip times speak for the members, for `latency`."),
    ),
    location: Type.Optional(
      location(
        "Where the members stand, for `proximity`: [latitude, longitude], an airport (DUB), a cloud region (aws:eu-west-1), a country (IE) or a subdivision (US-CA).",
      ),
    ),
  },
  { ...CLOSED, description: "Members, and how to choose among them.", errorMessage: "a map with members" },
);

// --- zones ---

/** Types that editors offer by name, each with an example. Every other type works too. */
const TYPE_EXAMPLES: Readonly<Record<string, string>> = {
  A: "IPv4 addresses: 192.0.2.1",
  AAAA: 'IPv6 addresses: "2001:db8::1"',
  NS: "Name servers, of the zone at @ and of a delegation below it: ns1",
  CNAME: "An alias; alone at its name: www.example.net.",
  DNAME: "Everything below is found below another name: example.net.",
  MX: "Mail servers: 10 mx1.example.net.",
  TXT: "Text. A value that does not begin with a double quote is one whole text: v=spf1 include:example.net -all",
  SPF: "As TXT; obsolete, use TXT",
  SRV: "Services, priority weight port target: 10 5 443 www",
  PTR: "A pointer to another name: host.example.net.",
  CAA: 'Who may issue certificates: 0 issue "ca.example.net"',
  SVCB: "Service binding: 1 svc.example.net. alpn=h2",
  HTTPS: "Service binding for HTTPS: 1 . alpn=h2,h3",
  NAPTR: 'Rewriting: 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.net!" .',
  TLSA: "Certificate association: 3 1 1 0d6f…",
  SSHFP: "SSH key fingerprint: 4 2 123456…",
  DS: "Delegation signer, beside the NS of a delegation: 12345 13 2 49fd…",
  DNSKEY: "DNS key: 257 3 13 mdsswUyr…",
  URI: 'A URI: 10 1 "https://www.example.net/"',
  LOC: "A place on earth: 52 22 23.000 N 4 53 32.000 E -2.00m",
  SOA: "Start of authority, at @ only; made when it is not given: ns1 hostmaster 1 7200 3600 1209600 300",
};

const dataWanted = "text in presentation form, a list of such texts, or { ttl, data }";

function rrset(description: string) {
  const one = Type.String({ errorMessage: "text in presentation form" });
  const many = Type.Array(one, { minItems: 1, errorMessage: "a list of texts in presentation form" });
  return Type.Union(
    [
      one,
      many,
      Type.Object(
        {
          ttl: Type.Optional(ttl("TTL of this RRset.")),
          data: Type.Union([one, many], {
            description: "One record or a list.",
            errorMessage: "text in presentation form, or a list of such texts",
          }),
        },
        CLOSED,
      ),
    ],
    { description, errorMessage: dataWanted },
  );
}

/** An RRset as the API takes it. */
export const RRsetBody = rrset("").anyOf[2];

/** The data of one type at one owner. */
export type RRsetText = Static<ReturnType<typeof rrset>>;

const nameFields = {
  pool: Type.Optional(id("Steers the name: A and AAAA (or CNAME) come from this pool.")),
  ttl: Type.Optional(ttl("TTL of what stands at this name. Default: the zone's.")),
};

/** All that stands at one owner: `pool`, `ttl`, and data by type. */
export type NameText = Static<ReturnType<typeof Type.Object<typeof nameFields>>> &
  Readonly<Record<string, unknown>>;

const examples = Object.entries(TYPE_EXAMPLES);

export const NameEntry = Type.Unsafe<NameText>(
  Type.Object(
    {
      ...nameFields,
      ...Object.fromEntries(examples.map(([type, example]) => [type, Type.Optional(rrset(example))])),
    },
    {
      ...CLOSED,
      patternProperties: {
        [`^(?!(?:${examples.map(([type]) => type).join("|")})$)[A-Z][A-Z0-9-]*$`]: rrset(
          "Data of another RR type, by its mnemonic or as TYPEnnn.",
        ),
      },
      description: "What stands at the name: data by RR type, and the pool it is steered by.",
      errorMessage: "a map of RR types to data, with pool and ttl",
    },
  ),
);

// --- expectations ---

function outcomes(description: string) {
  const wanted = "a pool, a member as pool/member, an address or NODATA";
  const one = Type.String({ minLength: 1, errorMessage: wanted });
  return Type.Union([one, Type.Array(one, { minItems: 1 })], {
    description,
    errorMessage: `${wanted}, or a list of these`,
  });
}

const downItem = Type.String({ minLength: 1, errorMessage: "a pool, or a member as pool/member" });

const Expectation = Type.Object(
  {
    name: text(
      "a steered name of the zone",
      "The name that is asked for, relative to the zone as owners are.",
    ),
    from: Type.Union([served, Type.Array(served, { minItems: 1 })], {
      description:
        "Who asks: a country, a subdivision, a continent or an AS, of which several networks are tried, or one network or address; or a list of these.",
      errorMessage: `${servedWanted}, an address, or a list of these`,
    }),
    type: Type.Optional(
      Type.Enum(["A", "AAAA"], { title: "type", description: "Default A.", errorMessage: "A or AAAA" }),
    ),
    when: Type.Optional(
      Type.Object(
        {
          down: Type.Optional(
            Type.Union([downItem, Type.Array(downItem, { minItems: 1 })], {
              description: "Pools, and members as pool/member, that are down.",
              errorMessage: "a pool, a member as pool/member, or a list of these",
            }),
          ),
          latency: Type.Optional(
            record(
              Type.Number({
                exclusiveMinimum: 0,
                maximum: 60_000,
                errorMessage: "a round-trip time in milliseconds, above 0 and up to 60000",
              }),
              "Round-trip times of these clients in milliseconds, by region or by member as pool/member. Nothing else is measured then.",
            ),
          ),
          load: Type.Optional(
            record(
              Type.Number({ minimum: 0, errorMessage: "a load, in the unit of the member's capacity" }),
              "Reported loads, by member as pool/member.",
            ),
          ),
        },
        {
          ...CLOSED,
          description: "What is so beside the documents. Without it all is up.",
          errorMessage: "a map with down, latency or load",
        },
      ),
    ),
    // biome-ignore lint/suspicious/noThenProperty: a key of documents, never of anything that is awaited
    then: Type.Optional(outcomes("What every record of every answer must be, or come from: any of these.")),
    never: Type.Optional(outcomes("What no record of any answer may be, or come from: none of these.")),
    share: Type.Optional(
      record(
        Type.String({
          pattern: "^[0-9]{1,3}(?:[.][0-9]{1,3})?-[0-9]{1,3}(?:[.][0-9]{1,3})?%?$",
          errorMessage: "a range in percent such as 70-80",
        }),
        "Which part of the answers has each of these first, in percent: { eu: 70-80 }.",
      ),
    ),
  },
  {
    ...CLOSED,
    description: "What a client gets to hear: exactly one of then, never and share.",
    errorMessage: "a map with name, from, and one of then, never and share",
  },
);

export const Zone = Type.Object(
  {
    ttl: Type.Optional(ttl("Default TTL of the zone's records. Default 300.")),
    contact: Type.Optional(
      text(
        "a mail address or a domain name",
        "Who looks after the zone: a mail address. Default: hostmaster@ the zone.",
      ),
    ),
    records: record(
      NameEntry,
      'Owner → what stands there. Owners are relative to the zone; "@" is the zone itself, "*" a wildcard.',
    ),
    expect: Type.Optional(
      Type.Array(Expectation, {
        description: "Tests of the steering, run by `windrose check`.",
        errorMessage: "a list of expectations, such as { name: www, from: FR, then: eu }",
      }),
    ),
  },
  { ...CLOSED, description: "A zone, under its name.", errorMessage: "a map with records" },
);

export const Documents = Type.Object(
  {
    monitors: Type.Optional(
      Type.Union([record(Monitor, "Monitors by id.", idKeys()), Type.Null()], {
        description: "Monitors by id.",
        errorMessage: "a map of ids to monitors",
      }),
    ),
    pools: Type.Optional(
      Type.Union([record(Pool, "Pools by id.", idKeys()), Type.Null()], {
        description: "Pools by id.",
        errorMessage: "a map of ids to pools",
      }),
    ),
    zones: Type.Optional(
      Type.Union([record(Zone, "Zones by name.", text("a domain name", "")), Type.Null()], {
        description: "Zones by name.",
        errorMessage: "a map of domain names to zones",
      }),
    ),
  },
  { ...CLOSED, description: "Documents of Windrose.", errorMessage: "a map with zones, pools or monitors" },
);

export type MemberText = Static<typeof Member>;
/** A member is null where the schema refused it. */
export type PoolText = Omit<Static<typeof Pool>, "members"> & {
  readonly members: readonly (MemberText | null)[];
};
export type ExpectationText = Static<typeof Expectation>;
export type ZoneText = Static<typeof Zone>;
export type TtlText = number | string;

/** What may be written as one text or as a list of texts. */
export function listOf(written: string | readonly string[] | undefined): readonly string[] {
  return written === undefined ? [] : typeof written === "string" ? [written] : written;
}

/** zones/schema.json: the schema as JSON Schema draft-07, which editors' YAML support knows. */
export function formatSchema(): string {
  const head = { $schema: "http://json-schema.org/draft-07/schema#", title: "Windrose documents" };
  return `${JSON.stringify({ ...head, ...Documents }, null, 1)}\n`;
}
