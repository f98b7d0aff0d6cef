# Walkthrough line 14: a headless Service is its pods' addresses.
. "$(dirname "$0")/../harness/lib.sh"

run_ok k create -f - <<'Y'
{"apiVersion":"v1","kind":"Service","metadata":{"name":"headless"},"spec":{"clusterIP":"None","selector":{"app":"webui"},"ports":[{"name":"http","port":80}]}}
Y
records() { in_pod tools dig +search +short "$@"; }

it "has no address of its own"
matches "$(k get svc headless)" '^headless +ClusterIP +None +<none> +80/TCP'
matches "$(k describe svc headless)" '^IP: +None'

it "resolves to one address for each ready pod"
pods=$(kq pods -l app=webui -o 'jsonpath={range .items[*]}{.status.podIP}{"\n"}{end}' | sort)
all_there() { [ "$(records headless | sort)" = "$pods" ]; }
eventually 10 all_there
eq "$(printf '%s\n' "$pods" | wc -l)" 3 "pods"

it "answers in changing order"
first_ones() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do records headless | head -n 1; done | sort -u | wc -l; }
order_changes() { [ "$(first_ones)" -gt 1 ]; }
eventually 10 order_changes

it "leaves out a pod that is not ready"
pod=$(kq pods -l app=webui -o 'jsonpath={.items[0].metadata.name}')
run_ok in_root "$pod" mkdir -p tmp
run_ok in_root "$pod" touch tmp/unready
two_left() { [ "$(records headless | wc -l)" = 2 ]; }
eventually 15 two_left
run_ok in_root "$pod" rm tmp/unready
eventually 15 all_there

it "has SRV records for named ports"
one=$(printf '%s\n' "$pods" | head -n 1)
has "$(records SRV _http._tcp.headless)" "80 $(printf '%s' "$one" | tr . -).headless.default.svc.cluster.local."
eq "$(records SRV _http._tcp.headless | wc -l)" 3 "SRV records"
eq "$(records "$(printf '%s' "$one" | tr . -).headless")" "$one" "the name in the SRV record"

it "resolves a pod's address written as a name"
eq "$(records 10-36-0-1.default.pod.cluster.local)" 10.36.0.1 "pod name"
run_ok k delete svc headless
