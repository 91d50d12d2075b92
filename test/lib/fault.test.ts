import { expect, test } from "vitest";
import { type Fault, formatFault, hasErrors } from "../../src/lib/fault.ts";

const error: Fault = {
  severity: "error",
  file: "zones/a.yaml",
  line: 3,
  column: 9,
  message: 'no pool "webb"; did you mean "web"',
};
const warning: Fault = { ...error, severity: "warning" };

test("formatFault() writes the form that editors and terminals make clickable", () => {
  expect(formatFault(error)).toBe('zones/a.yaml:3:9: no pool "webb"; did you mean "web"');
  expect(formatFault(warning)).toBe('zones/a.yaml:3:9: warning: no pool "webb"; did you mean "web"');
});

test("hasErrors() passes over warnings", () => {
  expect(hasErrors([])).toBe(false);
  expect(hasErrors([warning])).toBe(false);
  expect(hasErrors([warning, error])).toBe(true);
});
