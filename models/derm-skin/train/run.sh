#!/bin/sh
# From the data tars to ../model.onnx in one command:  sh run.sh DATA_DIR WORK_DIR [MINUTES] [DERMX]
# DATA_DIR holds <set>/images, <set>/masks, <set>/meta.csv (the tars unpacked). Needs requirements.txt installed, 20 GB of
# memory and 12 GB of disk. MINUTES for each of the two networks; DERMX: photos laid out for dermx.py, without which nothing is installed.
# Run again after an interruption and it goes on from the last checkpoint. WORK_DIR/run*.log tells how far it is.
set -eu
cd "$(dirname "$0")"
export DERM_DATA="$1" OMP_NUM_THREADS=1
W="$2"; M="${3:-460}"
mkdir -p "$W"

scenes() { [ -f "$W/composed_$1.npz" ] || python compose.py --name "$@" --work "$W"; }
scenes val --side val --n 240 --seed 7
scenes plaques_val --side val --kind plaques --n 160 --seed 21
scenes train --n 5000 --seed 1
scenes train2 --n 4000 --seed 2
scenes train3 --kind plaques --n 2500 --seed 31
scenes train4 --kind plaques --n 2500 --seed 32
scenes train5 --kind empty --n 500 --seed 91

# train NAME PERCENT_OF_THE_MINUTES SEED OPTIONS...
train() {
  name="$1"; minutes=$((M * $2 / 100)); seed="$3"; shift 3
  python train.py --work "$W" --name "$name" --minutes "$minutes" --seed "$seed" "$@" >> "$W/$name.log"
}
some=train,train2,train3,train4
all=$some,train3,train4,train5     # plaques twice: they are what was weakest
train run1 22 1 --arch res-w --composed train,train2 --stages 0:160:48,0.5:192:40,0.8:256:32
train run2 25 3 --arch res-w --init "$W/run1.pt" --lr 1.5e-3 --composed $some --stages 0:192:48,0.5:256:32,0.85:288:24
train run3 22 4 --arch res-w2 --init "$W/run2.pt" --lr 1.2e-3 --composed $all --stages 0:256:32,0.42:320:24
train run4 4 6 --arch res-w2 --init "$W/run3.pt" --lr 4e-4 --composed $all --stages 0:384:20
train run5 26 7 --arch res-w3 --init "$W/run4.pt" --lr 1.3e-3 --composed $all --stages 0:320:24,0.4:384:20,0.78:384:20:0.5

# The one for dermoscopy.
python quantize.py --ckpt "$W/run5.pt" --model .. --work "$W" --size 384 --out "$W/dermoscopy"
python evaluate.py --model "$W/dermoscopy" --work "$W" --calibrate --write

# The one for all other photos, for as long again; then both together, where that is not worse than what is there (README.md).
python train_lite.py --work "$W" --name lite --minutes "$M" --stages 0:192:12,0.45:256:8,0.6:288:7 --faces "../../faces/yunet_n_dynamic.onnx" >> "$W/lite.log"
python kind.py --work "$W" --out "$W/kind.pt"
python ship.py --ckpt "$W/lite.pt" --dermoscopy "$W/dermoscopy" --kind "$W/kind.pt" --work "$W" --dermx "${4:-}" --version 2.0.0 --out "$W/trial" --install

python evaluate.py --model .. --work "$W" --out metrics.json
python bench.py --model .. --work "$W" --out speed.json
(cd ../../.. && cargo build --release) && python through_program.py --program ../../../target/release/derm-seg --work "$W" --out program.json
python card.py
