/**
 * Whose clients a member serves: what `serves` may hold, parsed.
 *
 * @module
 */

/** Degrees: latitude −90 to 90, longitude −180 to 180. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

export type ServedPlace =
  | { readonly kind: "network"; readonly address: Uint8Array; readonly length: number }
  | { readonly kind: "as"; readonly number: number }
  /** `code` as countryCode(), subdivisionCode() and continentCode() make it. */
  | { readonly kind: "subdivision" | "country" | "continent"; readonly code: number }
  | { readonly kind: "all" };
