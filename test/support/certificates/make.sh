#!/bin/sh
# Makes the certificates beside it, for the tests of checks; run once, with OpenSSL 3. They last until 2125, those apart
# that are meant to be expired. Private keys are here because the mock endpoints need them; nothing trusts ca.pem but these tests.
#
#   ca ─┬─ good            good.test, *.good.test, 127.0.0.1, ::1
#       ├─ expired         the same names, 2020 to 2021
#       ├─ early           the same names, from 2100 on
#       └─ old-between ─── below-old     an intermediate that expired in 2021
#   other-ca ─ stranger    an issuer that nobody trusts
#   self-signed
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
NAMES=DNS:good.test,DNS:*.good.test,IP:127.0.0.1,IP:::1

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1-key.pem" 2>/dev/null; }

# sign NAME ISSUER FROM TO EXTENSIONS
sign() {
  key "$1"
  : > "$work/index.txt"
  printf '[ca]\ndefault_ca=it\n[it]\ndatabase=%s/index.txt\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n[ext]\n%b\n' \
    "$work" "$work" "$5" > "$work/conf"
  openssl req -new -key "$1-key.pem" -subj "/CN=$1" -out "$work/req.pem"
  if [ "$1" = "$2" ]; then issuer=-selfsign; else issuer="-cert $2.pem"; fi
  # shellcheck disable=SC2086
  openssl ca -batch -notext -config "$work/conf" $issuer -keyfile "$2-key.pem" -in "$work/req.pem" \
    -startdate "$3" -enddate "$4" -extensions ext -out "$1.pem" 2>/dev/null
}

FROM=20250101000000Z
TO=21250101000000Z
CA='basicConstraints=critical,CA:true\nkeyUsage=keyCertSign\nsubjectKeyIdentifier=hash'
LEAF="subjectAltName=$NAMES\nextendedKeyUsage=serverAuth"
sign ca ca $FROM $TO "$CA"
sign other-ca other-ca $FROM $TO "$CA"
sign good ca $FROM $TO "$LEAF"
sign expired ca 20200101000000Z 20210101000000Z "$LEAF"
sign early ca 21000101000000Z $TO "$LEAF"
sign old-between ca 20200101000000Z 20210101000000Z "$CA"
sign below-old old-between $FROM $TO "$LEAF"
cat old-between.pem >> below-old.pem
sign stranger other-ca $FROM $TO "$LEAF"
sign self-signed self-signed $FROM $TO "$LEAF"
rm -f ca-key.pem other-ca-key.pem old-between-key.pem other-ca.pem old-between.pem
