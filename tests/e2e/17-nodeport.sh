# Walkthrough line 17: a port on every node.
. "$(dirname "$0")/../harness/lib.sh"

it "answers on every node's address, from the machine, whichever node runs the pods"
run_ok k create -f "$ROOT/examples/svc-nodeport.yaml"
matches "$(k get svc webui-nodeport)" 'NodePort +10\.[0-9.]+ +<none> +80:30200/TCP'
for address in $(kq nodes -o 'jsonpath={range .items[*]}{.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}'); do
  eventually 10 all_pods_answer 3 curl -s -m 2 "http://$address:30200/"
done

it "allocates a NodePort from 30000-32767 when none is asked for"
k create -f - >/dev/null <<'Y' || problem "create failed"
{"apiVersion":"v1","kind":"Service","metadata":{"name":"np-auto"},"spec":{"type":"NodePort","selector":{"app":"webui"},"ports":[{"port":80}]}}
Y
port=$(kq svc np-auto -o 'jsonpath={.spec.ports[0].nodePort}')
[ "$port" -ge 30000 ] && [ "$port" -le 32767 ] || problem "allocated $port"
run_ok k delete svc np-auto

service() { printf '{"apiVersion":"v1","kind":"Service","metadata":{"name":"np-bad"},"spec":{"type":"NodePort","selector":{"app":"webui"},"ports":[{"port":80,"nodePort":%s}]}}' "$1"; }
create_bad() { service "$1" | k create -f -; }
it "refuses a taken NodePort with the reason"
refused 'provided port is already allocated' create_bad 30200

it "refuses a NodePort out of range with the reason"
refused 'provided port is not in the valid range. The range of valid ports is 30000-32767' create_bad 8080

it "stops answering when the Service is deleted"
run_ok k delete svc webui-nodeport
address=$(kq node node1 -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')
closed() { ! curl -s -m 1 "http://$address:30200/" >/dev/null; }
eventually 10 closed
