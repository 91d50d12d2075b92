import { describe, expect, test } from "vitest";
import { itemOfFault, PROBLEMS, Problem, pointerOf, toProblem } from "../../src/api/problem.ts";
import { WindroseError } from "../../src/lib/errors.ts";
import { readText, readTree } from "../repo/tree.ts";

describe("problem codes", () => {
  const rows = [...readText("docs/reference/problems.md").matchAll(/^\| `([a-z0-9-]+)` \| (\d{3}) \|/gm)];

  test("docs/reference/problems.md explains each of PROBLEMS with its status, in the same order", () => {
    expect(rows.map(([, code, status]) => [code, Number(status)])).toEqual(Object.entries(PROBLEMS));
  });

  test("src/api/ answers with each somewhere", () => {
    const texts = [...readTree("src/api", ".ts")].filter(([path]) => path !== "problem.ts");
    const own = readText("src/api/problem.ts").split("} as const;")[1]!;
    const unused = Object.keys(PROBLEMS).filter(
      (code) => !own.includes(`"${code}"`) && !texts.some(([, text]) => text.includes(`"${code}"`)),
    );
    expect(unused).toEqual([]);
  });
});

test("pointerOf() escapes as RFC 6901 says", () => {
  expect(pointerOf([])).toBe("");
  expect(pointerOf(["a/b", "~", 0])).toBe("/a~1b/~0/0");
});

test("toProblem() gives a refused configuration its faults, and keeps what it does not know to itself", () => {
  const fault = {
    severity: "error",
    file: "a.yaml",
    line: 2,
    column: 3,
    message: "it is wrong; mend it",
  } as const;
  const faults = [
    { ...fault, path: ["zones", "a.test", "records", "www"] },
    fault,
    { ...fault, severity: "warning" },
  ];
  const problem = toProblem(new WindroseError("documents-invalid", "Cannot", { faults }));
  expect(problem.status).toBe(422);
  expect(problem.errors).toEqual([
    { message: fault.message, document: "zones/a.test", pointer: "/records/www" },
    { message: fault.message, file: "a.yaml", line: 2, column: 3 },
  ]);
  expect(toProblem(new Error("inner")).message).not.toContain("inner");
  expect(itemOfFault(fault)).not.toHaveProperty("pointer");
});

test("Problem is what RFC 9457 says", () => {
  const problem = new Problem("pool-in-use", "it is used", { members: { users: [] } });
  expect(JSON.parse(JSON.stringify(problem))).toEqual({
    type: "urn:windrose:problem:pool-in-use",
    title: "Conflict",
    status: 409,
    code: "pool-in-use",
    detail: "it is used",
    users: [],
  });
});
