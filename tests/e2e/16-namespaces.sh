# Walkthrough line 16: namespaces.
. "$(dirname "$0")/../harness/lib.sh"

it "has the four namespaces from the start"
names=$(k get namespaces -o name)
for ns in default kube-system kube-public kube-node-lease; do has "$names" "namespace/$ns"; done

it "keeps equal names in two namespaces apart"
run_ok k create namespace other
run_ok k create -n other -f "$ROOT/examples/pod-tools.yaml"
k create -n other -f - >/dev/null <<'Y' || problem "create failed"
{"apiVersion":"v1","kind":"Service","metadata":{"name":"webui"},"spec":{"ports":[{"port":80}]}}
Y
eq "$(k get svc webui -o 'jsonpath={.spec.clusterIP}')" 10.100.100.100 "default/webui"
[ "$(k get svc -n other webui -o 'jsonpath={.spec.clusterIP}')" != 10.100.100.100 ] || problem "the two Services share an address"
all=$(k get svc -A)
matches "$all" '^default +webui '
matches "$all" '^other +webui '
eq "$(k get svc -A --field-selector metadata.name=webui --no-headers | wc -l)" 2 "Services named webui"

it "refuses to create into a namespace that does not exist"
refused 'namespaces "absent" not found' k create -n absent -f "$ROOT/examples/pod-tools.yaml"

it "deletes a namespace with all that is in it"
run_ok k delete namespace other --timeout=60s
eq "$(k get pods,svc -n other -o name 2>/dev/null)" "" "left over"
refused 'not found' k get namespace other
