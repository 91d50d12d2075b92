/**
 * How many people live in a country: what traffic is weighed by where nobody said otherwise.
 *
 * World Bank, World Development Indicators, "Population, total" (SP.POP.TOTL), the year 2020, licensed under CC BY 4.0; rounded to thousands. Taken
 * from the npm package world-countries-population-data 1.1.0 (MIT). Not from there, or not as there:
 *
 *   ER              2011, the last year that the World Bank has
 *   TW              Ministry of the Interior of Taiwan, end of 2021
 *   RE GP MQ        Insee, 1 January 2016
 *   GF              Insee, 1 January 2023
 *   FR              without these four, which the World Bank counts with it and networks are told apart from
 *
 * What none of these lists is left out; all of it together is some 0.02 % of mankind. Years differ by some percent, and
 * the number of people who are online by more, which is as exact as "where do people ask from" gets without counting.
 *
 * @module
 */

const THOUSANDS = `
CN 1402112 IN 1380004 US 329484 ID 273524 PK 220892 BR 212559 NG 206140 BD 164689 RU 144104 MX 128933
JP 125836 ET 114964 PH 109581 EG 102334 VN 97339 CD 89561 TR 84339 IR 83993 DE 83241 TH 69800 FR 65474
GB 67215 TZ 59734 IT 59554 ZA 59309 MM 54410 KE 53771 KR 51781 CO 50883 ES 47352 UG 45741 AR 45377 UA 44135
DZ 43851 SD 43849 IQ 40223 AF 38928 CA 38005 PL 37951 MA 36911 SA 34814 UZ 34232 PE 32972 AO 32866 MY 32366
MZ 31255 GH 31073 YE 29826 NP 29137 VE 28436 MG 27691 CM 26546 CI 26378 KP 25779 AU 25687 NE 24207 TW 23375
LK 21919 BF 20903 ML 20251 RO 19286 MW 19130 CL 19116 KZ 18754 ZM 18384 EC 17643 SY 17501 NL 17441 GT 16858
SN 16744 KH 16719 TD 16426 SO 15893 ZW 14863 GN 13133 RW 12952 BJ 12123 BI 11891 TN 11819 BO 11673 BE 11556
HT 11403 CU 11327 SS 11194 DO 10848 GR 10716 CZ 10699 SE 10353 PT 10306 JO 10203 AZ 10110 HN 9905 AE 9890
HU 9750 TJ 9538 BY 9399 IL 9217 PG 8947 AT 8917 CH 8637 TG 8279 SL 7977 HK 7482 LA 7276 PY 7133 BG 6927
RS 6908 LY 6871 LB 6825 NI 6625 KG 6592 SV 6486 TM 6031 DK 5831 SG 5686 FI 5531 CG 5518 SK 5459 NO 5379
OM 5107 CR 5094 NZ 5084 LR 5058 IE 4995 CF 4830 PS 4803 MR 4650 PA 4315 KW 4271 HR 4047 GE 3714 UY 3474
BA 3281 MN 3278 ER 3214 PR 3194 AM 2963 JM 2961 QA 2881 AL 2838 LT 2795 MD 2618 NA 2541 GM 2417 BW 2352
GA 2226 LS 2142 SI 2100 MK 2083 GW 1968 LV 1902 XK 1775 BH 1702 GQ 1403 TT 1399 EE 1331 TL 1318 MU 1266
CY 1207 SZ 1160 DJ 988 FJ 896 KM 870 RE 853 GY 787 BT 772 SB 687 MO 649 LU 632 ME 622 SR 587 CV 556 MV 541
MT 525 BN 437 BZ 398 GP 394 BS 393 MQ 377 IS 366 VU 307 GF 294 BB 287 PF 281 NC 272 ST 219 WS 198 LC 184
GU 169 CW 155 KI 119 FM 115 GD 113 VC 111 AW 107 VI 106 TO 106 SC 98 AG 98 IM 85 AD 77 DM 72 KY 66 BM 64 MH 59
MP 58 GL 56 AS 55 KN 53 FO 49 SX 41 MC 39 TC 39 MF 39 LI 38 SM 34 GI 34 VG 30 PW 18 TV 12 NR 11
`;

/** By ISO 3166-1 code. */
export const POPULATIONS: ReadonlyMap<string, number> = new Map(
  [...THOUSANDS.matchAll(/([A-Z]{2}) (\d+)/g)].map(([, code, thousands]) => [
    code!,
    Number(thousands) * 1000,
  ]),
);
