/**
 * A fault in something an operator wrote. All faults of a load are gathered and shown at
 * once; errors refuse the load, warnings do not.
 *
 * @module
 */
export interface Fault {
  readonly severity: "error" | "warning";
  /** Path as the operator gave it. */
  readonly file: string;
  /** From 1, as editors count. */
  readonly line: number;
  /** From 1, as editors count. */
  readonly column: number;
  /** `what is wrong; what would be right`, without a full stop. */
  readonly message: string;
  /** Keys and indexes from the top of the file, where it could be read: `zones`, `example.com`, `records`, `www`, `A`. */
  readonly path?: readonly (string | number)[];
}

/** `file:line:column: [warning: ]message`, the form that editors and terminals make clickable. */
export function formatFault(fault: Fault): string {
  const kind = fault.severity === "warning" ? "warning: " : "";
  return `${fault.file}:${fault.line}:${fault.column}: ${kind}${fault.message}`;
}

export function hasErrors(faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.severity === "error");
}
