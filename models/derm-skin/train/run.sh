#!/bin/sh
# From the data tars to ../model.onnx in one command:  sh run.sh DATA_DIR WORK_DIR [MINUTES]
# DATA_DIR holds <set>/images, <set>/masks, <set>/meta.csv (the tars unpacked). Needs requirements.txt installed, 8 GB of
# memory and 6 GB of disk. Run again after an interruption and it goes on from the last checkpoint.
set -eu
cd "$(dirname "$0")"
export DERM_DATA="$1" OMP_NUM_THREADS=1
W="$2"; M="${3:-100}"
mkdir -p "$W"
[ -f "$W/composed_val.npz" ] || python compose.py --side val --n 240 --seed 7 --work "$W"
[ -f "$W/composed_train.npz" ] || python compose.py --side train --n 5000 --seed 1 --work "$W"
[ -f "$W/composed_train2.npz" ] || python compose.py --side train --n 4000 --seed 2 --name train2 --work "$W"
python train.py --arch res-w --minutes "$M" --work "$W" --name main --composed train,train2 --stages 0:160:48,0.5:192:40,0.8:256:32 | tee -a "$W/main.log"
python train.py --arch res-w --init "$W/main.pt" --lr 8e-4 --seed 2 --minutes 20 --work "$W" --name main2 --composed train,train2 --stages 0:192:40,0.5:256:32 | tee -a "$W/main2.log"
python export.py --ckpt "$W/main2.pt" --size 288 --out ../model.onnx
python evaluate.py --model .. --work "$W" --calibrate     # then temperature, threshold and sha256 go into ../manifest.json
python evaluate.py --model .. --work "$W" --out metrics.json
