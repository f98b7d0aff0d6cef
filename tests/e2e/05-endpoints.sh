# Walkthrough line 5: endpoints follow pods; the ClusterIP stays.
. "$(dirname "$0")/../harness/lib.sh"

it "takes a deleted pod's address out and puts its replacement's in"
victim=$(kq pods -l app=webui -o 'jsonpath={.items[0].metadata.name}')
address=$(kq pod "$victim" -o 'jsonpath={.status.podIP}')
has "$(endpoints_of webui)" "$address"
run_ok k delete pod "$victim" --wait=false
gone() { ! endpoints_of webui | grep -qx "$address"; }
eventually 10 gone
eventually 20 pods_ready app=webui 3
eventually 10 endpoint_count_is webui 3
eq "$(kq svc webui -o 'jsonpath={.spec.clusterIP}')" 10.100.100.100 "ClusterIP"

it "does not count a pod that is not ready"
three_left() { [ "$(kq pods -l app=webui -o name | wc -l)" = 3 ]; }
eventually 20 three_left
pod=$(kq pods -l app=webui -o 'jsonpath={.items[0].metadata.name}')
run_ok in_root "$pod" mkdir -p tmp
run_ok in_root "$pod" touch tmp/unready
eventually 15 endpoint_count_is webui 2
run_ok in_root "$pod" rm tmp/unready
eventually 15 endpoint_count_is webui 3

it "refuses connections at once when the Deployment is gone, and keeps the Service"
run_ok k delete deployment webui
eventually 30 no_pods app=webui
eventually 10 endpoint_count_is webui 0
matches "$(k get endpoints webui 2>/dev/null)" '^webui +<none>'
matches "$(k get svc webui)" '10\.100\.100\.100'
refuses() { node_run node1 -- curl -s -m 2 http://10.100.100.100/; [ $? = 7 ]; }
eventually 10 refuses

it "comes back with the Deployment"
run_ok k create -f "$ROOT/examples/deploy-web.yaml"
eventually 30 pods_ready app=webui 3
eventually 10 all_pods_answer 3 node_run node2 -- curl -s -m 2 http://10.100.100.100/
