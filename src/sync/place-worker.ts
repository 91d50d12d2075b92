/**
 * The thread that place-thread.ts starts: compiles place data, hands it over, and ends.
 *
 * @module
 */
import { loadPlaceData } from "../geo/place-data.ts";
import { answerAside } from "../lib/aside.ts";

answerAside(loadPlaceData);
