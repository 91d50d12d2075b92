/**
 * Finds programs as a shell would, and in the system folders that an ordinary user's PATH lacks.
 *
 * @module
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

export function findExecutable(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
