#!/bin/sh
# What phaki exports, opened by the programs of others: openpyxl, LibreOffice, fhir.resources and
# the JavaScript of Automerge. Wants Python 3, Node.js and the network; see docs/spreadsheets.md.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work="$top/target/interop"
phaki=${PHAKI:-$top/target/debug/phaki}
mkdir -p "$work"

[ -x "$phaki" ] || { echo "build phaki first: cargo build" >&2; exit 1; }
if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
fi
cp "$here/package.json" "$here/package-lock.json" "$here/automerge.mjs" "$work/"
(cd "$work" && npm ci --silent --no-audit --no-fund)

run="$work/run"
rm -rf "$run"
mkdir -p "$run"
export PHAKI_DATA="$run/data"
"$phaki" init >/dev/null
"$phaki" federation create --name TH --area TH --address 127.0.0.1:9 >/dev/null
"$phaki" serve >"$run/log" 2>&1 &
node=$!
trap 'kill "$node" 2>/dev/null || true' EXIT
while ! "$phaki" status >/dev/null 2>&1; do
    kill -0 "$node" || { cat "$run/log" >&2; exit 1; }
done
for space in samples openpyxl libreoffice; do
    "$phaki" space create "$space" >/dev/null
done
"$phaki" import "$top/crates/daemon/samples/networks.json" --space samples

"$phaki" export --space samples --out "$run/samples.xlsx" --lang th
"$phaki" export --space samples --format csv --out "$run/csv" --lang th
"$phaki" export --space samples --format fhir --out "$run/directory.json" --lang th
"$phaki" export --space samples --format jsonl --out "$run/samples.jsonl"
"$phaki" export --space samples --format automerge --out "$run/saved"

python="$work/venv/bin/python"
"$python" "$here/workbook.py" compare-csv "$run/samples.xlsx" "$run/csv"
"$python" "$here/workbook.py" rewrite "$run/samples.xlsx" "$run/openpyxl.xlsx"
"$phaki" import "$run/openpyxl.xlsx" --space openpyxl | tail -n 1
"$phaki" export --space openpyxl --format jsonl --out "$run/openpyxl.jsonl"
cmp "$run/samples.jsonl" "$run/openpyxl.jsonl"
echo "openpyxl: what it wrote makes the same documents"

"$python" "$here/bundle.py" "$run/directory.json"
(cd "$work" && node automerge.mjs "$run/saved" "$run/samples.jsonl")

if command -v soffice >/dev/null; then
    soffice --headless "-env:UserInstallation=file://$run/profile" --convert-to xlsx:"Calc MS Excel 2007 XML" \
        --outdir "$run/libreoffice" "$run/samples.xlsx" >/dev/null
    "$python" "$here/workbook.py" compare "$run/samples.xlsx" "$run/libreoffice/samples.xlsx"
    "$phaki" import "$run/libreoffice/samples.xlsx" --space libreoffice | tail -n 1
    "$phaki" export --space libreoffice --format jsonl --out "$run/libreoffice.jsonl"
    cmp "$run/samples.jsonl" "$run/libreoffice.jsonl"
    echo "LibreOffice: what it wrote makes the same documents"
else
    echo "LibreOffice: left out, there is no soffice (apt-get install libreoffice-calc-nogui)"
fi
