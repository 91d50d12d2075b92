/**
 * How many people live in a country: what traffic is weighed by where nobody said otherwise.
 *
 * Rounded estimates for the middle of the 2020s, in millions, as censuses and the United Nations have them; facts, right to some
 * percent, which is more than "where do people ask from" needs. What has fewer than some thousand people is left out.
 *
 * @module
 */

const MILLIONS = `
IN 1440 CN 1420 US 342 ID 282 PK 248 NG 230 BR 212 BD 173 RU 144 ET 130 MX 130 JP 124 EG 115 PH 115 CD 107 VN 101 IR 91
TR 87 DE 84 TH 72 TZ 67 GB 69 FR 66.5 ZA 63 IT 59 KE 56 MM 54 CO 53 KR 51.7 SD 50 UG 49 ES 48.5 AR 45.7 DZ 46.5 IQ 45.5 AF 42
PL 38 CA 40 MA 38 SA 34 UA 38 AO 37.5 UZ 36 YE 40 PE 34 MY 35.5 GH 34 MZ 34.5 NP 29.7 MG 31.5 CI 31.5 VE 28.4 CM 29
NE 27 AU 26.8 KP 26.5 TW 23.2 ML 24.2 BF 23.4 SY 24.5 LK 22 MW 21.5 ZM 21 KZ 20.5 RO 19 CL 19.7 TD 20 SO 19 SN 18.4 GT 18.3
NL 18 EC 18.1 KH 17.5 ZW 16.5 GN 14.7 BJ 14.4 RW 14.2 BI 14 BO 12.4 TN 12.2 SS 11.9 HT 11.7 BE 11.8 JO 11.5 DO 11.4 CU 11 AE 10.9
HN 10.8 CZ 10.9 SE 10.6 TJ 10.6 PG 10.5 PT 10.4 AZ 10.3 GR 10.2 HU 9.6 TG 9.5 IL 9.4 AT 9.1 BY 9.1 CH 9 SL 8.6 LA 7.8 TM 7.5
HK 7.4 LY 7.4 KG 7.2 PY 6.9 NI 6.9 BG 6.7 RS 6.7 CG 6.3 SV 6.3 DK 6 SG 5.9 LB 5.8 LR 5.6 FI 5.6 NO 5.6 PS 5.5 CF 5.3 OM 5.3 SK 5.5
MR 5.2 IE 5.3 NZ 5.2 CR 5.1 KW 4.9 PA 4.5 HR 3.9 ER 3.5 GE 3.8 MN 3.5 UY 3.4 PR 3.2 BA 3.2 QA 3 MD 3 NA 3 AM 3 LT 2.9 JM 2.8 AL 2.8
GM 2.8 GA 2.5 BW 2.5 LS 2.3 GW 2.2 SI 2.1 LV 1.9 GQ 1.9 MK 1.8 XK 1.6 BH 1.6 TT 1.5 TL 1.4 EE 1.4 CY 1.3 MU 1.3 SZ 1.2 DJ 1.2 FJ 0.93
RE 0.88 KM 0.87 GY 0.83 SB 0.82 BT 0.79 MO 0.7 LU 0.67 ME 0.63 SR 0.63 EH 0.59 MT 0.55 MV 0.53 CV 0.52 BN 0.46 BZ 0.42 BS 0.4 IS 0.39
GP 0.38 MQ 0.34 YT 0.33 VU 0.33 GF 0.31 NC 0.29 BB 0.28 PF 0.28 ST 0.24 WS 0.22 CW 0.19 LC 0.18 GU 0.17 KI 0.13 SC 0.13 GD 0.12
FM 0.11 AW 0.11 TO 0.1 VC 0.1 JE 0.1 AG 0.09 VI 0.085 IM 0.084 AD 0.082 KY 0.075 DM 0.066 BM 0.064 GG 0.064 GL 0.056 FO 0.055 KN 0.047
AS 0.046 TC 0.046 MP 0.044 SX 0.043 LI 0.04 GI 0.04 MC 0.039 MH 0.037 VG 0.039 SM 0.034 PW 0.018 CK 0.015 NR 0.012 TV 0.01
`;

/** By ISO 3166-1 code. */
export const POPULATIONS: ReadonlyMap<string, number> = new Map(
  [...MILLIONS.matchAll(/([A-Z]{2}) ([\d.]+)/g)].map(([, code, millions]) => [code!, Number(millions) * 1e6]),
);
