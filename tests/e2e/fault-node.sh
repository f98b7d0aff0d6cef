# A node dies: its pods leave the Service and are replaced elsewhere; it comes back and is used again.
. "$(dirname "$0")/../harness/lib.sh"
NAME=${E2E:-e2e}node
DATA_DIR=/var/lib/fairlead/$NAME
trap 'finish_current; "$FAIRLEAD" down --name "$NAME" >/dev/null 2>&1' EXIT

node_ready_is() { [ "$(kq node "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = "$2" ]; }
none_on() { [ -z "$(kq pods -l app=webui --field-selector "spec.nodeName=$1,status.phase=Running" -o 'jsonpath={range .items[*]}{.metadata.deletionTimestamp}{"x\n"}{end}' | grep '^x')" ]; }

# Six, so that each node owns some.
balanced() { kq svc -l test=balanced -o 'jsonpath={range .items[*]}{.status.loadBalancer.ingress[0].ip}{"\n"}{end}' | grep .; }
balanced_answer() {
  local address
  [ "$(balanced | wc -l)" = 6 ] || return 1
  for address in $(balanced); do curl -s -o /dev/null -m 1 "http://$address/" || return 1; done
}

it "brings up three nodes with a pod on each"
run_ok "$FAIRLEAD" up --name "$NAME" --nodes 3 --no-egress --detach
KUBECONFIG=$("$FAIRLEAD" kubeconfig --name "$NAME")
export KUBECONFIG
run_ok k create -f "$ROOT/examples/deploy-web.yaml" -f "$ROOT/examples/svc-web.yaml"
for i in 1 2 3 4 5 6; do
  run_ok k create -f - <<Y
{"apiVersion":"v1","kind":"Service","metadata":{"name":"balanced-$i","labels":{"test":"balanced"}},"spec":{"type":"LoadBalancer","selector":{"app":"webui"},"ports":[{"port":80}]}}
Y
done
eventually 30 pods_ready app=webui 3
eventually 10 balanced_answer

it "notices a dead node and takes its pods out of the Service"
run_ok "$FAIRLEAD" node stop --name "$NAME" node3
eventually 30 node_ready_is node3 Unknown
eventually 10 endpoint_count_is webui 2
eventually 10 all_pods_answer 2 node_run node1 -- curl -s -m 2 http://10.100.100.100/

it "moves its load-balancer addresses to the nodes that are left"
eventually 10 balanced_answer

it "replaces its pods on the nodes that are left"
eventually 60 none_on node3
eventually 60 endpoint_count_is webui 3
eventually 10 all_pods_answer 3 node_run node2 -- curl -s -m 2 http://10.100.100.100/

it "keeps names resolving while the node is gone"
run_ok k create -f "$ROOT/examples/pod-tools.yaml"
eventually 20 pods_ready app=tools 1
resolves() { in_pod tools nslookup webui | grep -q 10.100.100.100; }
eventually 20 resolves

it "takes the node back"
run_ok "$FAIRLEAD" node start --name "$NAME" node3
eventually 30 node_ready_is node3 True
eventually 10 balanced_answer
run_ok k scale deployment webui --replicas=9
eventually 60 pods_ready app=webui 9
[ -n "$(kq pods -l app=webui --field-selector spec.nodeName=node3 -o name)" ] || problem "no pod was put on node3 again"
