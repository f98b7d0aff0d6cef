# Walkthrough line 18: an address of its own, which answers from the machine.
. "$(dirname "$0")/../harness/lib.sh"

it "gets an address within a second, which answers from the machine, a node and a pod"
run_ok k create -f - <<'Y'
{"apiVersion":"v1","kind":"Service","metadata":{"name":"balanced"},"spec":{"type":"LoadBalancer","selector":{"app":"webui"},"ports":[{"port":8080,"targetPort":80}]}}
Y
address_of() { kq svc "$1" -o 'jsonpath={.status.loadBalancer.ingress[0].ip}'; }
has_address() { [ -n "$(address_of "$1")" ]; }
eventually 10 has_address balanced
address=$(address_of balanced)
matches "$(k get svc balanced)" "^balanced +LoadBalancer +10\.[0-9.]+ +${address//./\\.} +8080:3[0-9]{4}/TCP"
matches "$address" '^10\.84\.[0-9]+\.2[0-9]{2}$'
eventually 10 all_pods_answer 3 curl -s -m 2 "http://$address:8080/"
eventually 10 all_pods_answer 3 node_run node2 -- curl -s -m 2 "http://$address:8080/"
eventually 10 all_pods_answer 3 in_pod tools curl -s -m 2 "http://$address:8080/"

it "reserves a NodePort too"
node=$(kq nodes -o 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
port=$(kq svc balanced -o 'jsonpath={.spec.ports[0].nodePort}')
matches "$(curl -s -m 3 "http://$node:$port/")" '^webui-'

it "says in an Event which address it got"
said() { k describe svc balanced | grep -q "IPAllocated.*Assigned IP \[\"$address\"\]"; }
eventually 10 said

it "gives the address that is asked for, and says why not when it cannot"
asks() { printf '{"apiVersion":"v1","kind":"Service","metadata":{"name":"%s"},"spec":{"type":"LoadBalancer","loadBalancerIP":"%s","selector":{"app":"webui"},"ports":[{"port":80}]}}' "$1" "$2"; }
asks wants "${address%.*}.240" | k create -f - >/dev/null 2>&1 || problem "create failed"
got() { [ "$(address_of wants)" = "${address%.*}.240" ]; }
eventually 10 got
asks taken "${address%.*}.240" | k create -f - >/dev/null 2>&1 || problem "create failed"
why() { k describe svc taken | grep -q "AllocationFailed.*in use by Service default/wants"; }
eventually 10 why
matches "$(k get svc taken)" '<pending>'

it "gives it back: to the one who waits for it, and with another type"
run_ok k delete svc wants
moved() { [ "$(address_of taken)" = "${address%.*}.240" ]; }
eventually 10 moved
run_ok k patch svc taken -p '{"spec":{"type":"ClusterIP"}}'
none() { ! has_address taken; }
eventually 10 none
matches "$(k get svc taken)" '^taken +ClusterIP +10\.[0-9.]+ +<none> '

it "answers no more when it is deleted"
run_ok k delete svc balanced taken
silent() { ! curl -s -m 1 "http://$address:8080/" >/dev/null; }
eventually 10 silent
