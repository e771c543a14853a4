#!/usr/bin/env bash
# Many photos: is time linear, does memory stay flat, how long does a finished or an interrupted run take to go on?
# Usage: benches/soak.sh [PROGRAM] [N]     100,000 photos of 160x120, a fiftieth as many of 12 megapixels, and a model that costs nothing;
#                                          20 photos of 12 megapixels with 10,000 lesions; needs GNU time
set -euo pipefail
program=$(realpath "${1:-target/release/derm-seg}")
count=${2:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
measured() { # name, command: seconds, CPU seconds, peak memory
    /usr/bin/time -f "%e %U %S %M" -o "$work/time" "${@:2}"
    read -r seconds user system peak < "$work/time"
    printf '%-34s %8.1f s %8.1f s CPU %6.0f MiB\n' "$1" "$seconds" "$(echo "$user + $system" | bc)" "$(echo "$peak / 1024" | bc)"
}
run() { # name, folder, options
    measured "$1" "$program" run "$work/$2/photos" -o "$work/$2/out" --model "$work/$2/model" --faces off --quiet "${@:3}"
}
for n in $((count / 10)) "$count"; do
    cargo run --quiet --example many_photos -- "$work/$n" "$n"
    run "$n photos" "$n"
done
run "$count photos, all done" "$count"
# Killed in the middle, and gone on with.
"$program" run "$work/$count/photos" -o "$work/again" --model "$work/$count/model" --faces off --quiet &
sleep $((count / 2000))
kill -9 $! && wait $! 2> /dev/null || true
echo "killed after $(find "$work/again/metrics" -name '*.json' | wc -l) photos"
"$program" run "$work/$count/photos" -o "$work/again" --model "$work/$count/model" --faces off --quiet
for file in records.jsonl summary.csv; do
    cmp "$work/$count/out/$file" "$work/again/$file" && echo "$file is the same"
done
cargo run --quiet --example many_photos -- "$work/flat" "$count" flat
run "$count photos in one folder" flat
measured "report over $count photos" "$program" report "$work/$count/out" -o "$work/report.html" --quiet
for n in $((count / 500)) $((count / 50)); do
    cargo run --quiet --example many_photos -- "$work/large$n" "$n" large
    run "$n photos of 12 megapixels" "large$n"
    rm -r "$work/large$n"
done
cargo run --quiet --example many_photos -- "$work/spotted" 20 spotted
run "20 photos with 10,000 lesions" spotted
measured "report over them" "$program" report "$work/spotted/out" -o "$work/report.html" --quiet
