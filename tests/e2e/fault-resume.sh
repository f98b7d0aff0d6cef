# Ctrl-C ends a cluster and leaves the machine clean; `up` again goes on from its data, wherever that is. Egress is one table, which goes
# with the cluster.
. "$(dirname "$0")/../harness/lib.sh"
NAME=${E2E:-e2e}resume
work=$(mktemp -d)
DATA_DIR=$work/data
trap 'finish_current; "$FAIRLEAD" down --name "$NAME" >/dev/null 2>&1; rm -rf "$work"' EXIT

there() {  # what of the cluster is on this machine
  ip -o link | grep -o "f[lv]-$NAME[^:@]*"
  find /run/netns -mindepth 1 -maxdepth 1 -name "$NAME-*" 2>/dev/null
  find /sys/fs/cgroup -type d -name "fairlead-$NAME"
  grep -o " $DATA_DIR[^ ]*" /proc/self/mountinfo
  nft list tables 2>/dev/null | grep "fairlead_$NAME"
}
supervisor() { "$FAIRLEAD" status --name "$NAME" | awk '$1 == "supervisor" {print $3}'; }
says() { grep -q -- "$1" "$work/log"; }
ended() { ! kill -0 "$up" 2>/dev/null; }
in_foreground() {
  # A job of a script ignores SIGINT unless job control gives it a group of its own.
  set -m
  "$FAIRLEAD" up --name "$NAME" --data-dir "$DATA_DIR" --no-egress "$@" >"$work/log" 2>&1 &
  up=$!
  set +m
  eventually 60 says 'ready; to use it'
}

it "runs in the foreground and says what it does"
in_foreground --nodes 1
KUBECONFIG=$("$FAIRLEAD" kubeconfig --name "$NAME")
export KUBECONFIG
eq "$KUBECONFIG" "$DATA_DIR/server/pki/admin.kubeconfig" "kubeconfig"
has "$(cat "$work/log")" "API ready at https://10.84."
eq "$(supervisor)" "$up" "supervisor"
run_ok k create -f "$ROOT/examples/deploy-web.yaml" -f "$ROOT/examples/svc-web.yaml"
eventually 30 pods_ready app=webui 3

it "gives the exit code of a command in a node"
"$FAIRLEAD" node exec --name "$NAME" node1 -- sh -c 'exit 7'
eq $? 7 "exit code"
refused 'its nodes are node1' "$FAIRLEAD" node exec --name "$NAME" node9 -- true
refused 'No such file' "$FAIRLEAD" node exec --name "$NAME" node1 -- no-such-command

it "leaves the machine clean on Ctrl-C and keeps its data"
kill -INT "$up"
eventually 30 ended
eq "$(there)" "" "left over"
[ -s "$DATA_DIR/server/state.db" ] || problem "the store is gone"

it "goes on from its data, with one node more"
in_foreground --nodes 2
eq "$(kq service webui -o 'jsonpath={.spec.clusterIP}')" 10.100.100.100 "the Service"
eventually 60 pods_ready app=webui 3
eventually 20 all_pods_answer 3 node_run node2 -- curl -s -m 2 http://10.100.100.100/
kill -TERM "$up"
eventually 30 ended
refused 'cannot shrink' "$FAIRLEAD" up --name "$NAME" --nodes 1 --data-dir "$DATA_DIR" --no-egress --detach

it "refuses another data directory for the same name"
refused "$DATA_DIR" "$FAIRLEAD" up --name "$NAME" --data-dir "$work/other" --no-egress --detach
run_ok "$FAIRLEAD" down --name "$NAME"
[ ! -e "$DATA_DIR" ] || problem "$DATA_DIR is still there"

it "masquerades in a table of its own, which goes with it"
if [ "${EGRESS:-}" != 1 ]; then
  # Changes the machine's own rules: only where that was asked for.
  current=""
else
  run_ok "$FAIRLEAD" up --name "$NAME" --nodes 1 --detach
  has "$(nft list table ip "fairlead_$NAME")" masquerade
  run_ok "$FAIRLEAD" down --name "$NAME"
  eq "$(there)" "" "left over"
fi
