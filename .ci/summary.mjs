/**
 * Turns vitest's JSON report into the last line of .ci/run, `N passed, M failed`, and an exit
 * code. Plain JavaScript, because the machine's own Node may be one that cannot strip types.
 *
 *   node .ci/summary.mjs REPORT CHECK_FAILED TEST_EXIT
 */
import { readFileSync } from "node:fs";
import { argv, cwd } from "node:process";

const [reportPath, checkFailed, testExit] = argv.slice(2);

/** The report, or one that says that nothing ran: vitest may have died before it wrote any. */
function readReport() {
  try {
    return JSON.parse(readFileSync(reportPath, "utf8"));
  } catch (error) {
    console.log(`no test report: ${error.message}`);
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
  }
}

const report = readReport();
let failed = report.numFailedTests;
for (const file of report.testResults) {
  for (const test of file.assertionResults) {
    if (test.status === "failed") console.log(`failed: ${nameOf(file)}: ${test.fullName}`);
  }
  if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) {
    console.log(`failed: ${nameOf(file)}: ${file.message || "the file could not be run"}`);
    failed += 1;
  }
}
if (checkFailed !== "0") {
  console.log("failed: npm run check");
  failed += 1;
}
const skipped = report.numPendingTests + report.numTodoTests;
if (skipped > 0) console.log(`${skipped} skipped`);
if (report.numPassedTests === 0) console.log("no test passed, which counts as a failure");
// An error outside of any test (an unhandled rejection) shows in vitest's exit code alone.
if (failed === 0 && (testExit !== "0" || report.numPassedTests === 0)) failed = 1;

console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function nameOf(file) {
  return file.name.replace(`${cwd()}/`, "");
}
