/**
 * What files are known by from one look to the next.
 *
 * @module
 */
import { stat } from "node:fs/promises";

/** Inode, size and time of all of them: differs when one was changed, replaced or removed. */
export async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ ino, size, mtimeMs }) => `${ino}:${size}:${mtimeMs}`,
        () => "gone",
      ),
    ),
  );
  return stamps.join(" ");
}
