/**
 * The thread that samples-thread.ts starts: reads one file of round-trip times, hands the table over, and ends.
 *
 * @module
 */
import { loadSamples } from "../latency/samples-file.ts";
import { answerAside } from "../lib/aside.ts";
import type { SamplesThreadInput } from "./samples-thread.ts";

answerAside(({ file, options }: SamplesThreadInput) => loadSamples(file, options));
