#!/bin/sh
# From the sample district's files to printed rosters: imports, plans, approves and publishes a day
# in each school of Grand Bend, prints the rosters, and last the table that the README shows.
# FLEXDAY_DATA names the folder that holds case/ and edfi/.
set -eu
here=$(dirname "$0")
data=${FLEXDAY_DATA:-$here/../../../shared/data}
day=2021-10-18
out=${1:-$(mktemp -d)}
FLEXDAY_DATABASE=sqlite:///$out/flexday.db
export FLEXDAY_DATABASE

flexday import "$data/case/coherence-map.case-v1p1.json" "$data/edfi" --fill --zone America/Chicago
for school in 255901001:207267:settings-high-school 255901044:207264:settings 255901107:207246:settings; do
  id=${school%%:*} rest=${school#*:}
  flexday settings "$here/${rest#*:}.toml" --school "$id"
  flexday plan "$day" --school "$id" --approve-as "${rest%%:*}"
done
flexday roster "$day" --out "$out/rosters"
flexday day-report "$day" --markdown
echo "database and rosters are in $out" >&2
