# Walkthrough line 6: deleting a Service removes its rules and nothing else.
. "$(dirname "$0")/../harness/lib.sh"

it "removes every rule of a deleted Service and leaves the others"
k create -f - >/dev/null <<'Y' || problem "create failed"
{"apiVersion":"v1","kind":"Service","metadata":{"name":"doomed"},"spec":{"clusterIP":"10.100.100.66","selector":{"app":"webui"},"ports":[{"port":80}]}}
Y
works() { node_run node1 -- curl -s -m 2 http://10.100.100.66/; }
eventually 10 works
has "$(node_run node1 -- iptables-save -t nat)" "default/doomed"
run_ok k delete svc doomed
no_rules() { ! node_run node1 -- iptables-save | grep -qE 'doomed|10\.100\.100\.66'; }
eventually 10 no_rules
for node in node2 node3; do
  hasnt "$(node_run $node -- iptables-save)" "10.100.100.66"
done
has "$(node_run node1 -- curl -s -m 2 http://10.100.100.100/)" "webui-"

it "takes its Endpoints and EndpointSlices with it"
none_left() { [ -z "$(kq endpoints doomed -o name)$(kq endpointslices -l kubernetes.io/service-name=doomed -o name)" ]; }
eventually 10 none_left
