#!/usr/bin/env bash
# What the feature turbojpeg changes: masks of scaled decoding against those of full decoding, and the CPU of both.
# Usage: benches/scaled_decode.sh PHOTOS [MODEL]     PHOTOS: a folder of large JPEGs; needs cmake and nasm
# Fails when a photo's mask differs in more than 0.5 % of its pixels.
set -euo pipefail
photos=$1
model=${2:+--model $2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build() { # name, cargo's options
    cargo build --release --quiet "${@:2}"
    cp target/release/derm-seg "$work/$1"
}
build full
build scaled --features turbojpeg
for name in full scaled; do
    # shellcheck disable=SC2086
    ( TIMEFORMAT="$name: %U s user, %S s system"; time "$work/$name" run "$photos" -o "$work/out-$name" --jobs 1 --quiet $model )
done
"$work/full" compare "$work/out-full" "$work/out-scaled" \
    --max-change pixels=0.005 --max-change dice=off --max-change figures=off --max-change inputs=0 --max-change status=0
