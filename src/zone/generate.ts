/**
 * The arithmetic of $GENERATE, BIND's directive that writes many records as one:
 *
 *   $GENERATE 1-254 host-$ A 192.0.2.$
 *   $GENERATE 0-510/2 ${0,3,d}.hosts PTR h${1,4,x}.example.test.
 *
 * A range is `start-stop` or `start-stop/step`. In the templates `$` is the counter,
 * `${offset}`, `${offset,width}` and `${offset,width,base}` change it; base is d, o, x, X, or
 * n, N for reversed hexadecimal digits with dots between, as ip6.arpa has them (there, width
 * counts the dots). `$$` and `\$` are a dollar sign.
 *
 * @module
 */

/** Records one directive may make: a /16 of reverse names. Stops a slip of the keyboard from filling memory. */
export const GENERATED_RECORDS_MAX = 65_536;

export interface GenerateRange {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** The range, or what is wrong with it. */
export function parseGenerateRange(text: string): GenerateRange | string {
  const match = /^([0-9]{1,10})-([0-9]{1,10})(?:\/([0-9]{1,10}))?$/.exec(text);
  if (match === null) return `"${text}" is no range; write start-stop or start-stop/step, as in 1-254`;
  const [start, stop, step] = [Number(match[1]), Number(match[2]), Number(match[3] ?? "1")];
  if (stop > 0x7fff_ffff) return `the range ${text} ends beyond 2147483647; end it before`;
  if (start > stop) return `the range ${text} runs backwards; write ${stop}-${start}`;
  if (step === 0) return `the range ${text} has step 0; write a step of 1 or more`;
  const count = Math.floor((stop - start) / step) + 1;
  if (count > GENERATED_RECORDS_MAX) {
    return `the range ${text} makes ${count} records; ${GENERATED_RECORDS_MAX} are allowed for one directive`;
  }
  return { start, stop, step };
}

/** A template with the counter put in, or what is wrong with it as `fault`. */
export function expandTemplate(template: string, counter: number): { text: string } | { fault: string } {
  let text = "";
  for (let at = 0; at < template.length; ) {
    const char = template[at]!;
    if (char === "\\") {
      text += template.slice(at, at + 2); // still an escape for whoever reads the result
      at += 2;
    } else if (char !== "$") {
      text += char;
      at++;
    } else if (template[at + 1] === "$") {
      text += "\\$";
      at += 2;
    } else if (template[at + 1] === "{") {
      const end = template.indexOf("}", at);
      const modifier = end < 0 ? template.slice(at) : template.slice(at, end + 1);
      const number = formatModified(modifier, counter);
      if (number === undefined) {
        return {
          fault: `"${modifier}" is no counter; write \${offset,width,base} with base d, o, x, X, n or N`,
        };
      }
      if (number === "")
        return { fault: `"${modifier}" is below 0 at ${counter}; raise the offset or the range` };
      text += number;
      at = end + 1;
    } else {
      text += String(counter);
      at++;
    }
  }
  return { text };
}

/** Wider than the longest label makes no name; it would only make long texts. */
const WIDTH_MAX = 255;

/** Undefined where the modifier is malformed, empty where the number is below 0. */
function formatModified(modifier: string, counter: number): string | undefined {
  const match = /^\$\{(-?[0-9]{1,10})(?:,([0-9]{1,3})(?:,([doxXnN]))?)?\}$/.exec(modifier);
  if (match === null) return undefined;
  const value = counter + Number(match[1]);
  const width = Number(match[2] ?? "0");
  const base = match[3] ?? "d";
  if (width > WIDTH_MAX) return undefined;
  if (value < 0) return "";
  if (base === "n" || base === "N") return formatNibbles(value, width, base === "N");
  const digits = value.toString(base === "d" ? 10 : base === "o" ? 8 : 16);
  return (base === "X" ? digits.toUpperCase() : digits).padStart(width, "0");
}

/** `3.2.1` for 0x123: digits and dots are counted until `width` is reached and no digit is left. */
function formatNibbles(value: number, width: number, isUpper: boolean): string {
  const digits = [...value.toString(16)].reverse();
  while (digits.length * 2 < width) digits.push("0");
  // An even width ends in a dot, as BIND has it: "${0,2,n}example.test." is two labels.
  const text = digits.join(".") + (width > 0 && width % 2 === 0 && digits.length * 2 === width ? "." : "");
  return isUpper ? text.toUpperCase() : text;
}
