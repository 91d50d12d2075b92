/**
 * /about: what this program is, and whose data it uses. Licences ask for it to be shown to whoever sees results of them
 * (CC BY 4.0, section 3(a)).
 *
 * @module
 */
import type { FastifyInstance } from "fastify";

const CC_BY = { name: "CC BY 4.0", url: "https://creativecommons.org/licenses/by/4.0/" } as const;

const ABOUT = {
  name: "Windrose",
  licence: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
  attributions: [
    {
      text: "IP Geolocation by DB-IP",
      url: "https://db-ip.com",
      licence: CC_BY,
      what: "countries of networks",
    },
    {
      text: "GeoNames",
      url: "https://www.geonames.org/",
      licence: CC_BY,
      what: "where countries and subdivisions are",
    },
    {
      text: "World Bank",
      url: "https://data.worldbank.org/indicator/SP.POP.TOTL",
      licence: CC_BY,
      what: "people of countries: Population, total (SP.POP.TOTL), 2020, rounded",
    },
    {
      text: "airport-data-js",
      url: "https://github.com/aashishvanand/airport-data-js",
      licence: CC_BY,
      what: "airports",
    },
    {
      text: "OurAirports",
      url: "https://ourairports.com/data/",
      licence: { name: "public domain", url: null },
      what: "airports",
    },
  ],
} as const;

/** Open, since it says nothing of this node. */
export function registerAbout(app: FastifyInstance): void {
  app.get("/about", { schema: { hide: true, security: [] } }, async () => ABOUT);
}
