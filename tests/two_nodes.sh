#!/usr/bin/env bash
# The real program on a real Ray cluster of two nodes on this machine: one dies in the middle of a trial, which goes on at the other.
# bash tests/two_nodes.sh EMPTY_FOLDER
set -euo pipefail
mkdir -p "$1" && cd "$1"
export RAY_ADDRESS=127.0.0.2:6399 RAY_AUTH_MODE=disabled RAY_worker_niceness=0 DLBENCH_CHECKPOINT_SECONDS=0 RAY_health_check_period_ms=1000
nodes=()
node() {  # IP, then what it is
    setsid ray start --node-ip-address="$1" --disable-usage-stats --include-log-monitor=false \
        --object-store-memory=100000000 --block "${@:2}" > "$1.log" 2>&1 &
    nodes+=($!)
}
end() { for leader in "${nodes[@]}"; do kill -KILL -- "-$leader" 2>/dev/null || true; done; }
trap end EXIT
alive() {  # wait until so many nodes are
    for _ in $(seq 60); do
        [ "$(ray status 2>/dev/null | grep -c '^ 1 node_')" = "$1" ] && return
        sleep 1
    done
    cat ./*.log && exit 1
}
node 127.0.0.2 --head --include-dashboard=false --port="${RAY_ADDRESS#*:}" --num-cpus=0
alive 1
node 127.0.0.3 --address="$RAY_ADDRESS" --num-cpus=1
alive 2
node 127.0.0.4 --address="$RAY_ADDRESS" --num-cpus=1
alive 3

words=(lenet-digits --device cpu --threads 1 --seeds 0,1 --budget smoke --set training.epochs=null --set training.steps=400)
dlbench run "${words[@]}" --out home
dlbench run "${words[@]}" --on auto --out away 2> said.txt &
running=$!
until grep -q '"event": "lap"' away/lenet-digits/*.jsonl 2>/dev/null && ls away/lenet-digits/*.checkpoint >/dev/null 2>&1; do
    kill -0 "$running" || { cat said.txt; exit 1; }
    sleep 0.2
done
kill -KILL -- "-${nodes[2]}"
wait "$running" || { cat said.txt; exit 1; }
cat said.txt
grep -q 'lost its node' said.txt
digests() { grep -ho '"weights_digest": "[0-9a-f]*"' "$1"/lenet-digits/*.jsonl | sort; }
diff <(digests home) <(digests away)
[ "$(digests away | wc -l)" = 2 ]
