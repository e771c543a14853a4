#!/bin/sh
# From the data tars to ../model.onnx in one command:  sh run.sh DATA_DIR WORK_DIR [MINUTES]
# DATA_DIR holds <set>/images, <set>/masks, <set>/meta.csv (the tars unpacked). Needs requirements.txt installed, 20 GB of
# memory and 12 GB of disk. Run again after an interruption and it goes on from the last checkpoint.
set -eu
cd "$(dirname "$0")"
export DERM_DATA="$1" OMP_NUM_THREADS=1
W="$2"; M="${3:-300}"
mkdir -p "$W"
scenes() { [ -f "$W/composed_$1.npz" ] || python compose.py --name "$@" --work "$W"; }
scenes val --side val --n 240 --seed 7
scenes plaques_val --side val --plaques --n 160 --seed 21
scenes train --side train --n 5000 --seed 1
scenes train2 --side train --n 4000 --seed 2
scenes train3 --side train --plaques --n 2500 --seed 31
scenes train4 --side train --plaques --n 2500 --seed 32
scenes train5 --side train --empty --n 500 --seed 91
python train.py --arch res-w --minutes $((M * 3 / 10)) --work "$W" --name main --composed train,train2 --stages 0:160:48,0.5:192:40,0.8:256:32 | tee -a "$W/main.log"
python train.py --arch res-w --init "$W/main.pt" --lr 1.5e-3 --seed 3 --minutes $((M * 7 / 20)) --work "$W" --name main3 --composed train,train2,train3,train4 --stages 0:192:48,0.5:256:32,0.85:288:24 | tee -a "$W/main3.log"
# plaques twice: they are what was weakest
python train.py --arch res-w2 --init "$W/main3.pt" --lr 1.2e-3 --seed 4 --minutes $((M * 3 / 10)) --work "$W" --name main4 --composed train,train2,train3,train4,train3,train4,train5 --stages 0:256:32,0.42:320:24 | tee -a "$W/main4.log"
python train.py --arch res-w2 --init "$W/main4.pt" --lr 4e-4 --seed 6 --minutes $((M / 15)) --work "$W" --name main5 --composed train,train2,train3,train4,train3,train4,train5 --stages 0:384:20 | tee -a "$W/main5.log"
python quantize.py --ckpt "$W/main5.pt" --model .. --work "$W" --out ..     # reads the size from ../manifest.json
python evaluate.py --model .. --work "$W" --calibrate     # then temperature and threshold go into ../manifest.json
python evaluate.py --model .. --work "$W" --out metrics.json
python bench.py --model .. --out speed.json
(cd ../../.. && cargo build --release) && python through_program.py --program ../../../target/release/derm-seg --work "$W" --out program.json
python card.py
