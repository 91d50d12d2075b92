/**
 * Subdivisions by their English names, of the countries that are most often divided: some free city data, that of
 * DB-IP Lite among them, have names and no codes.
 *
 * Written by hand from ISO 3166-2. Another country is one more entry.
 *
 * @module
 */

/** By country: `CODE name, …`, without accents and in small letters, as plain() makes them. */
const NAMES: Readonly<Record<string, string>> = {
  AU: "ACT australian capital territory, NSW new south wales, NT northern territory, QLD queensland, SA south australia, TAS tasmania, VIC victoria, WA western australia",
  BR: "AC acre, AL alagoas, AP amapa, AM amazonas, BA bahia, CE ceara, DF federal district, DF distrito federal, ES espirito santo, GO goias, MA maranhao, MT mato grosso, MS mato grosso do sul, MG minas gerais, PA para, PB paraiba, PR parana, PE pernambuco, PI piaui, RJ rio de janeiro, RN rio grande do norte, RS rio grande do sul, RO rondonia, RR roraima, SC santa catarina, SP sao paulo, SE sergipe, TO tocantins",
  CA: "AB alberta, BC british columbia, MB manitoba, NB new brunswick, NL newfoundland and labrador, NS nova scotia, NT northwest territories, NU nunavut, ON ontario, PE prince edward island, QC quebec, SK saskatchewan, YT yukon",
  DE: "BW baden-wurttemberg, BY bavaria, BY bayern, BE berlin, BE land berlin, BB brandenburg, HB bremen, HB free hanseatic city of bremen, HH hamburg, HE hesse, HE hessen, MV mecklenburg-vorpommern, NI lower saxony, NI niedersachsen, NW north rhine-westphalia, NW nordrhein-westfalen, RP rhineland-palatinate, RP rheinland-pfalz, SL saarland, SN saxony, SN sachsen, ST saxony-anhalt, ST sachsen-anhalt, SH schleswig-holstein, TH thuringia, TH thuringen",
  GB: "ENG england, NIR northern ireland, SCT scotland, WLS wales",
  US: "AL alabama, AK alaska, AZ arizona, AR arkansas, CA california, CO colorado, CT connecticut, DE delaware, DC district of columbia, DC washington dc, DC washington d.c., FL florida, GA georgia, HI hawaii, ID idaho, IL illinois, IN indiana, IA iowa, KS kansas, KY kentucky, LA louisiana, ME maine, MD maryland, MA massachusetts, MI michigan, MN minnesota, MS mississippi, MO missouri, MT montana, NE nebraska, NV nevada, NH new hampshire, NJ new jersey, NM new mexico, NY new york, NC north carolina, ND north dakota, OH ohio, OK oklahoma, OR oregon, PA pennsylvania, RI rhode island, SC south carolina, SD south dakota, TN tennessee, TX texas, UT utah, VT vermont, VA virginia, WA washington, WV west virginia, WI wisconsin, WY wyoming",
};

const codes = new Map<string, string>();
for (const [country, entries] of Object.entries(NAMES)) {
  for (const entry of entries.split(", ")) {
    const space = entry.indexOf(" ");
    codes.set(`${country} ${entry.slice(space + 1)}`, `${country}-${entry.slice(0, space)}`);
  }
}

/** Such as US-CA; undefined when the country, by its ISO 3166-1 code, has none of that name here. */
export function subdivisionNamed(country: string, name: string): string | undefined {
  return codes.get(`${country} ${plain(name)}`);
}

export function allNamedSubdivisions(): Iterable<string> {
  return codes.values();
}

function plain(name: string): string {
  return name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
