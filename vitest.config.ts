import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Integration tests start real servers; two cores are what CI has.
    maxWorkers: 2,
    // Servers that tests start without saying where their API is, or where they keep data, must not meet; and only
    // tests of probers have endpoints that may be checked.
    env: { WINDROSE_API: "127.0.0.1:0", WINDROSE_DATA: "none", WINDROSE_PROBE: "off" },
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
