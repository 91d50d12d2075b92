/**
 * Reads the files that $INCLUDE names. A zone file may be somebody else's (a customer's, an
 * import), so it reaches what lies in its own folder and nothing else: not by `..`, not by an
 * absolute path, not through a link, and no device or pipe, on which a read could hang.
 *
 * @module
 */
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
    try {
      const realFolder = realpathSync(folder);
      const wanted = isAbsolute(path) ? path : resolve(dirname(from), path);
      // The folder as it was written may be a link itself; what is asked for is judged by where it ends.
      const real = realpathSync(wanted);
      const inside = relative(realFolder, real);
      if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
        return { refusal: `"${path}" is outside the folder of the zone file; move it there` };
      }
      return readRegularFile(real, normalize(join(folder, inside)), path);
    } catch (error) {
      return {
        refusal: `"${path}" cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); check path and permissions`,
      };
    }
  };
}

function readRegularFile(real: string, file: string, path: string): Included {
  // NOFOLLOW: were the path made a link since it was judged, opening fails. NONBLOCK: opening a pipe would wait.
  const descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return { refusal: `"${path}" is no regular file; include a file of records` };
    if (stat.size > FILE_OCTETS_MAX) return { refusal: `"${path}" has ${stat.size} octets; split it` };
    return { file, text: readFileSync(descriptor, "utf8") };
  } finally {
    closeSync(descriptor);
  }
}
