# Sourced by every end-to-end test. A test file calls `it "does something"` and then steps; the first step that fails fails the test.
# Needs: FAIRLEAD (the binary), NAME (the cluster), KUBECTL (a real kubectl), KUBECONFIG.
set -u

ROOT=${ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
RESULTS=${RESULTS:-$(mktemp)}
current=""
failed=0

finish_current() {
  [ -n "$current" ] || return 0
  if [ "$failed" = 0 ]; then
    echo "ok   $current"
    echo pass >>"$RESULTS"
  else
    echo "FAIL $current"
    echo fail >>"$RESULTS"
  fi
  current=""
  failed=0
}
trap finish_current EXIT

it() {
  finish_current
  current="${PREFIX:-}$1"
}

# skip REASON-KEY: only keys in tests/allowed-skips are accepted by ./test.
skip() {
  echo "skip ${current}: $1"
  echo "skip $1" >>"$RESULTS"
  current=""
  failed=0
}

problem() {
  failed=1
  echo "     $current: $*" | sed '2,$s/^/       /' >&2
}

# eq FOUND WANTED [WHAT]
eq() { [ "$1" = "$2" ] || problem "${3:-value}: found '$1', wanted '$2'"; }
# has TEXT PART: TEXT contains PART
has() { case "$1" in *"$2"*) ;; *) problem "wanted '$2' in: $1" ;; esac; }
hasnt() { case "$1" in *"$2"*) problem "did not want '$2' in: $1" ;; esac; }
# matches TEXT REGEX
matches() { printf '%s\n' "$1" | grep -Eq -- "$2" || problem "wanted /$2/ in: $1"; }
# eventually SECONDS COMMAND...: until the command succeeds, looking every 0.05 s.
eventually() {
  local limit=$1 end
  shift
  end=$(($(date +%s%N) + limit * 1000000000))
  until "$@" >/dev/null 2>&1; do
    if [ "$(date +%s%N)" -gt "$end" ]; then
      problem "not within ${limit} s: $* (last: $("$@" 2>&1 | tail -n 3))"
      return 1
    fi
    read -rt 0.05 <> <(:) || true
  done
}
# refused "TEXT" COMMAND...: the command fails, and says TEXT.
refused() {
  local want=$1 out
  shift
  if out=$("$@" 2>&1); then problem "expected to be refused: $* (said: $out)"; else has "$out" "$want"; fi
}
run_ok() {
  local out
  out=$("$@" 2>&1) || problem "failed: $*: $out"
}

k() { "$KUBECTL" "$@"; }
kq() { "$KUBECTL" get "$@" 2>/dev/null; }
ready_pods() { kq pods -l "$1" -o 'jsonpath={range .items[?(@.status.phase=="Running")]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | grep -c True; }
pods_ready() { [ "$(ready_pods "$1")" = "$2" ]; }
no_pods() { [ -z "$(kq pods -l "$1" -o name)" ]; }
endpoints_of() { kq endpoints "$1" -o 'jsonpath={range .subsets[*].addresses[*]}{.ip}{"\n"}{end}' | sort; }
endpoint_count_is() { [ "$(endpoints_of "$1" | grep -c .)" = "$2" ]; }
node_run() { "$FAIRLEAD" node exec --name "$NAME" "$@"; }

# in_pod POD COMMAND...: runs the command in the pod's first container. POD_NS: its namespace, "default" unless set.
in_pod() {
  local pod=$1
  shift
  k exec -n "${POD_NS:-default}" "$pod" -- "$@"
}
# in_root POD COMMAND...: runs one of this machine's commands in the root directory of the pod's first container, which may have no shell.
in_root() {
  local pod=$1 node id pid
  shift
  node=$(kq pod "$pod" -o 'jsonpath={.spec.nodeName}')
  id=$(kq pod "$pod" -o 'jsonpath={.status.containerStatuses[0].containerID}')
  pid=$(ctr -a "$(node_socket "$node")" -n k8s.io tasks ls | awk -v id="${id#containerd://}" '$1 == id {print $2}')
  (cd "/proc/$pid/root" && "$@")
}
node_socket() { echo "${DATA_DIR}/nodes/$1/containerd/containerd.sock"; }

# answers COUNT COMMAND...: runs the command COUNT times and prints the distinct first lines, counted.
answers() {
  local count=$1 i
  shift
  for ((i = 0; i < count; i++)); do "$@" 2>/dev/null | head -n 1; done | sort | uniq -c
}
all_pods_answer() {
  local pods=$1
  shift
  [ "$(answers 30 "$@" | grep -c .)" = "$pods" ]
}
