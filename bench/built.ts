/**
 * The program as it is shipped: compiled into dist/, from the sources as they are now.
 *
 * A thread in which Node.js stripped types from TypeScript takes 10 to 40 ns more a query: the stripper is WebAssembly, and once
 * it ran, V8 checks at each access whether an array's memory is still there.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

let isBuilt = false;

/** Path of the compiled program; builds it when first asked. Throws when it does not compile. */
export function builtMain(): string {
  const root = fileURLToPath(new URL("..", import.meta.url));
  if (!isBuilt) {
    execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    isBuilt = true;
  }
  return fileURLToPath(new URL("../dist/main.js", import.meta.url));
}
