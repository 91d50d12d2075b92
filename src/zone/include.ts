/**
 * Reads the files that $INCLUDE names. A zone file may be somebody else's (a customer's, an
 * import), so it reaches what lies in its own folder and nothing else: not by `..`, not by an
 * absolute path, not through a link, and no device or pipe, on which a read could hang.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from "node:path";

/** The text of an included file, or why it is not given. */
export type Included = { readonly file: string; readonly text: string } | { readonly refusal: string };

/**
 * Finds what a $INCLUDE names. `path` is as written, `from` the file in which it stands, as
 * this function named it. One file has one name, so that loops can be seen.
 */
export type ReadInclude = (path: string, from: string) => Included;

/** Octets; ten times a zone of a million records. */
const FILE_OCTETS_MAX = 512 * 1024 * 1024;

/** Includes for the zone file at `zoneFile`; paths are relative to the file that has the $INCLUDE. */
export function includesBeside(zoneFile: string): ReadInclude {
  const folder = dirname(zoneFile);
  return (path, from) => {
    const outside = { refusal: `"${path}" is outside the folder of the zone file; move it there` };
    try {
      const realFolder = realpathSync(folder);
      const wanted = resolve(dirname(from), path);
      // Judged twice: as written, so that nobody learns what there is outside, and by where links lead.
      if (!isBelow(wanted, resolve(folder)) && !isBelow(wanted, realFolder)) return outside;
      const real = realpathSync(wanted);
      if (!isBelow(real, realFolder)) return outside;
      return readRegularFile(real, normalize(join(folder, relative(realFolder, real))), path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      return { refusal: `"${path}" cannot be read (${code}); check path and permissions` };
    }
  };
}

function isBelow(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return inside !== "" && inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

function readRegularFile(real: string, file: string, path: string): Included {
  // NOFOLLOW: were the path made a link since it was judged, opening fails. NONBLOCK: opening a pipe would wait.
  const descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return { refusal: `"${path}" is no regular file; include a file of records` };
    if (stat.size > FILE_OCTETS_MAX) return { refusal: `"${path}" has ${stat.size} octets; split it` };
    const octets = readFileSync(descriptor);
    if (!isUtf8(octets))
      return { refusal: `"${path}" is no UTF-8; convert it, and write octets beyond ASCII as \\DDD` };
    return { file, text: octets.toString() };
  } finally {
    closeSync(descriptor);
  }
}
