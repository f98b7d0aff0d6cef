# Walkthrough line 1: a Deployment of three pods on three nodes.
. "$(dirname "$0")/../harness/lib.sh"

it "creates the Deployment of examples/deploy-web.yaml"
run_ok k create -f "$ROOT/examples/deploy-web.yaml"
eventually 30 pods_ready app=webui 3

it "shows three Running pods with addresses of their own on three nodes"
wide=$(k get pods -l app=webui -o wide --no-headers)
eq "$(grep -c ' Running ' <<<"$wide")" 3 "running pods"
eq "$(awk '{print $6}' <<<"$wide" | sort -u | grep -Ec '^10\.244\.[0-9]+\.[0-9]+$')" 3 "distinct addresses"
eq "$(awk '{print $7}' <<<"$wide" | sort -u | xargs)" "node1 node2 node3" "nodes"
has "$(k get pods -o wide)" "NOMINATED NODE"

it "reports the rollout as done"
has "$(k rollout status deployment/webui --timeout=30s 2>&1)" "successfully rolled out"
matches "$(k get deployment webui)" '^webui +3/3 +3 +3 '

it "refuses to create the same Deployment again"
refused 'deployments.apps "webui" already exists' k create -f "$ROOT/examples/deploy-web.yaml"
