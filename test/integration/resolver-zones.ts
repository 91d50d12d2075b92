/**
 * The documents of the two servers behind the resolver: a parent that steers, and a child
 * that it delegates to.
 *
 * @module
 */

/** Where referrals lead. Any address of 127.0.0.0/8 is ours; this one is nobody's habit. */
export const CHILD_ENDPOINT = { address: "127.53.0.2", port: 53 } as const;

export const PARENT_DOCUMENTS = `
pools:
  web:
    policy: weighted
    members:
      - { name: eu, address: [192.0.2.10, "2001:db8::10"], weight: 3 }
      - { name: us, address: [192.0.2.20, "2001:db8::20"], weight: 1 }
      - { name: standby, address: 192.0.2.30, weight: 0 }
  standby:
    policy: failover
    members:
      - { name: first, address: 192.0.2.40, enabled: false }
      - { name: second, address: 192.0.2.41 }
  hosted:
    members: [{ name: cdn, target: www.gslb.test }]
  placed:
    policy: geo
    members:
      - { pool: near, serves: 8.8.0.0/16 }
      - { pool: far, serves: ["9.0.0.0/8", "2a00:1450::/32"] }
      - { name: rest, address: [192.0.2.60, "2001:db8::60"], serves: "*" }
  near: { policy: round-robin, members: [{ name: one, address: 192.0.2.61 }, { name: two, address: 192.0.2.62 }] }
  far: { members: [{ name: only, address: [192.0.2.63, "2001:db8::63"] }] }
zones:
  gslb.test:
    ttl: 300
    contact: hostmaster@gslb.test
    records:
      "@": { NS: [ns1, ns2], MX: ["10 mail"] }
      ns1: { A: 192.0.2.53 }
      ns2: { A: 198.51.100.53 }
      mail: { A: 192.0.2.25 }
      www: { A: 192.0.2.1, AAAA: "2001:db8::1" }
      ipv4: { A: 192.0.2.4 }
      steered: { pool: web, ttl: 30 }
      "*.app": { pool: web, ttl: 30 }
      failover: { pool: standby }
      placed: { pool: placed, ttl: 300 }
      "*.placed": { pool: placed, ttl: 300 }
      to-placed: { CNAME: placed }
      hosted: { pool: hosted }
      "*.wild": { A: 192.0.2.9 }
      one: { CNAME: two }
      two: { CNAME: three }
      three: { CNAME: www }
      to-steered: { CNAME: steered }
      legacy: { DNAME: modern }
      www.modern: { A: 192.0.2.80 }
      leaf.empty: { TXT: "below an empty non-terminal" }
      big: { TXT: [${Array.from({ length: 20 }, (_, i) => `"${String(i).padStart(2, "0").padEnd(200, "x")}"`).join(", ")}] }
      child: { NS: [ns.child, ns2.child] }
      ns.child: { A: ${CHILD_ENDPOINT.address} }
      ns2.child: { A: ${CHILD_ENDPOINT.address} }
`;

export const CHILD_DOCUMENTS = `
pools:
  inner:
    members: [{ name: only, address: 192.0.2.210 }]
zones:
  child.gslb.test:
    ttl: 300
    contact: hostmaster@gslb.test
    records:
      "@": { NS: [ns, ns2] }
      ns: { A: ${CHILD_ENDPOINT.address} }
      ns2: { A: ${CHILD_ENDPOINT.address} }
      www: { A: 192.0.2.200 }
      steered: { pool: inner }
      back: { CNAME: www.gslb.test. }
`;
