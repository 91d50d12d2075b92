/**
 * Where the regions of cloud providers are: the city or the area that the provider names, by the code of an airport
 * there, or by coordinates where no airport is near. Providers do not say more, and a city is near enough: 50 km are
 * half a millisecond.
 *
 * Written by hand from what providers publish. A new region is one more entry.
 *
 * @module
 */

/** By provider: `REGION AIRPORT` or `REGION LATITUDE,LONGITUDE`. */
export const CLOUD_REGIONS: Readonly<Record<string, string>> = {
  aws: `us-east-1 IAD us-east-2 CMH us-west-1 SJC us-west-2 45.84,-119.7 us-gov-east-1 CMH us-gov-west-1 45.84,-119.7
    ca-central-1 YUL ca-west-1 YYC mx-central-1 QRO sa-east-1 GRU
    eu-west-1 DUB eu-west-2 LHR eu-west-3 CDG eu-central-1 FRA eu-central-2 ZRH eu-north-1 ARN eu-south-1 LIN
    eu-south-2 ZAZ eusc-de-east-1 BER af-south-1 CPT il-central-1 TLV me-central-1 DXB me-south-1 BAH
    ap-south-1 BOM ap-south-2 HYD ap-east-1 HKG ap-east-2 TPE ap-northeast-1 HND ap-northeast-2 GMP ap-northeast-3 ITM
    ap-southeast-1 SIN ap-southeast-2 SYD ap-southeast-3 CGK ap-southeast-4 MEL ap-southeast-5 KUL ap-southeast-6 AKL
    ap-southeast-7 BKK cn-north-1 PEK cn-northwest-1 ZHY`,
  gcp: `us-central1 OMA us-east1 CHS us-east4 IAD us-east5 CMH us-south1 DAL us-west1 45.6,-121.18 us-west2 LAX
    us-west3 SLC us-west4 LAS northamerica-northeast1 YUL northamerica-northeast2 YYZ northamerica-south1 QRO
    southamerica-east1 GRU southamerica-west1 SCL
    europe-central2 WAW europe-north1 60.57,27.2 europe-north2 ARN europe-southwest1 MAD europe-west1 50.45,3.82
    europe-west2 LHR europe-west3 FRA europe-west4 53.43,6.83 europe-west6 ZRH europe-west8 LIN europe-west9 CDG
    europe-west10 BER europe-west12 TRN africa-south1 JNB me-central1 DOH me-central2 DMM me-west1 TLV
    asia-east1 RMQ asia-east2 HKG asia-northeast1 HND asia-northeast2 ITM asia-northeast3 GMP asia-south1 BOM
    asia-south2 DEL asia-southeast1 SIN asia-southeast2 CGK asia-southeast3 BKK
    australia-southeast1 SYD australia-southeast2 MEL`,
  azure: `eastus IAD eastus2 36.67,-78.39 centralus DSM northcentralus ORD southcentralus SAT westcentralus CYS
    westus SFO westus2 47.23,-119.85 westus3 PHX usgovvirginia 36.67,-78.39 usgovarizona PHX usgovtexas SAT
    canadacentral YYZ canadaeast YQB mexicocentral QRO brazilsouth GRU brazilsoutheast GIG chilecentral SCL
    northeurope DUB westeurope AMS uksouth LHR ukwest CWL francecentral CDG francesouth MRS germanywestcentral FRA
    germanynorth BER switzerlandnorth ZRH switzerlandwest GVA norwayeast OSL norwaywest SVG swedencentral 60.67,17.14
    swedensouth MMX denmarkeast CPH polandcentral WAW italynorth LIN spaincentral MAD austriaeast VIE
    belgiumcentral BRU israelcentral TLV uaenorth DXB uaecentral AUH qatarcentral DOH southafricanorth JNB
    southafricawest CPT centralindia PNQ southindia MAA westindia BOM jioindiawest JGA jioindiacentral NAG
    eastasia HKG southeastasia SIN japaneast HND japanwest ITM koreacentral GMP koreasouth PUS taiwannorth TSA
    indonesiacentral CGK malaysiawest KUL australiaeast SYD australiasoutheast MEL australiacentral CBR
    australiacentral2 CBR newzealandnorth AKL chinaeast SHA chinaeast2 SHA chinanorth PEK chinanorth2 PEK
    chinanorth3 40.77,114.88`,
  oci: `us-ashburn-1 IAD us-phoenix-1 PHX us-sanjose-1 SJC us-chicago-1 ORD ca-toronto-1 YYZ ca-montreal-1 YUL
    mx-queretaro-1 QRO mx-monterrey-1 MTY sa-saopaulo-1 GRU sa-vinhedo-1 VCP sa-santiago-1 SCL
    sa-valparaiso-1 -33.05,-71.61 sa-bogota-1 BOG
    uk-london-1 LHR uk-cardiff-1 CWL eu-frankfurt-1 FRA eu-zurich-1 ZRH eu-amsterdam-1 AMS eu-paris-1 CDG
    eu-marseille-1 MRS eu-milan-1 LIN eu-turin-1 TRN eu-madrid-1 MAD eu-madrid-3 MAD eu-stockholm-1 ARN
    eu-jovanovac-1 44.06,20.95
    il-jerusalem-1 31.77,35.21 me-jeddah-1 JED me-riyadh-1 RUH me-dubai-1 DXB me-abudhabi-1 AUH
    af-johannesburg-1 JNB af-casablanca-1 CMN
    ap-mumbai-1 BOM ap-hyderabad-1 HYD ap-tokyo-1 HND ap-osaka-1 ITM ap-seoul-1 GMP ap-chuncheon-1 37.88,127.73
    ap-singapore-1 SIN ap-singapore-2 SIN ap-batam-1 BTH ap-sydney-1 SYD ap-melbourne-1 MEL`,
  do: `nyc1 LGA nyc2 LGA nyc3 LGA sfo1 SFO sfo2 SFO sfo3 SFO tor1 YYZ atl1 ATL ric1 RIC ams2 AMS ams3 AMS lon1 LHR
    fra1 FRA blr1 BLR sgp1 SIN syd1 SYD`,
  hetzner: "fsn1 50.48,12.37 nbg1 NUE hel1 HEL ash IAD hil PDX sin SIN",
  ovh: `gra 50.99,2.13 gra7 50.99,2.13 gra9 50.99,2.13 gra11 50.99,2.13 rbx LIL sbg SXB sbg5 SXB par CDG mil LIN
    lim 50.39,8.06 de 50.39,8.06 de1 50.39,8.06 eri 51.48,0.18 uk 51.48,0.18 uk1 51.48,0.18 waw WAW waw1 WAW
    bhs 45.31,-73.87 bhs5 45.31,-73.87 tor YYZ vin IAD hil PDX sgp SIN sgp1 SIN syd SYD syd1 SYD ynm BOM`,
  linode: `us-east EWR us-central DAL us-west SJC us-southeast ATL us-ord ORD us-iad IAD us-sea SEA us-mia MIA us-lax LAX
    ca-central YYZ br-gru GRU eu-west LHR gb-lon LHR eu-central FRA de-fra-2 FRA fr-par CDG nl-ams AMS se-sto ARN
    es-mad MAD it-mil LIN ap-west BOM in-bom-2 BOM in-maa MAA ap-south SIN sg-sin-2 SIN ap-northeast HND
    jp-tyo-3 HND jp-osa ITM id-cgk CGK ap-southeast SYD au-mel MEL`,
  fly: `ams AMS arn ARN atl ATL bog BOG bom BOM bos BOS cdg CDG den DEN dfw DFW ewr EWR eze EZE fra FRA gdl GDL gig GIG
    gru GRU hkg HKG iad IAD jnb JNB lax LAX lhr LHR mad MAD mia MIA nrt NRT ord ORD otp OTP phx PHX qro QRO scl SCL
    sea SEA sin SIN sjc SJC syd SYD waw WAW yul YUL yyz YYZ`,
  scaleway: `fr-par CDG fr-par-1 CDG fr-par-2 CDG fr-par-3 CDG nl-ams AMS nl-ams-1 AMS nl-ams-2 AMS nl-ams-3 AMS
    pl-waw WAW pl-waw-1 WAW pl-waw-2 WAW pl-waw-3 WAW it-mil LIN it-mil-1 LIN`,
  vultr: `ams AMS atl ATL blr BLR bom BOM cdg CDG del DEL dfw DFW ewr EWR fra FRA hnl HNL icn GMP itm ITM jnb JNB lax LAX
    lhr LHR mad MAD man MAN mel MEL mex MEX mia MIA nrt NRT ord ORD sao GRU scl SCL sea SEA sgp SIN sjc SJC sto ARN
    syd SYD tlv TLV waw WAW yto YYZ`,
  ibm: `us-south DFW us-east IAD ca-tor YYZ ca-mon YUL br-sao GRU eu-de FRA eu-gb LHR eu-es MAD jp-tok HND jp-osa ITM
    au-syd SYD`,
  alibaba: `cn-hangzhou HGH cn-shanghai SHA cn-beijing PEK cn-shenzhen SZX cn-qingdao TAO cn-zhangjiakou 40.77,114.88
    cn-huhehaote HET cn-wulanchabu 40.99,113.13 cn-chengdu CTU cn-guangzhou CAN cn-heyuan 23.74,114.7 cn-nanjing NKG
    cn-fuzhou FOC cn-hongkong HKG ap-southeast-1 SIN ap-southeast-3 KUL ap-southeast-5 CGK ap-southeast-6 MNL
    ap-southeast-7 BKK ap-northeast-1 HND ap-northeast-2 GMP us-east-1 IAD us-west-1 SJC eu-central-1 FRA
    eu-west-1 LHR me-east-1 DXB me-central-1 RUH`,
};
