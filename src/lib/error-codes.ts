/**
 * Every code an error of ours can carry. Stable: scripts and dashboards match on them, so a
 * code is never renamed or given a second meaning. docs/reference/errors.md explains each,
 * and a test keeps the two lists equal.
 *
 * @module
 */
export const ERROR_CODES = [
  "usage",
  "settings-invalid",
  "presentation-invalid",
  "master-file-invalid",
  "documents-invalid",
  "zone-unknown",
  "place-data-invalid",
  "samples-unreadable",
  "address-in-use",
  "address-not-local",
  "address-forbidden",
  "address-unusable",
  "worker-unusable",
  "store-unavailable",
  "edit-unsettled",
  "api-unreachable",
  "api-refused",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];
