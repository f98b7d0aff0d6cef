# Walkthrough line 11: a Service in the environment of pods that are created after it.
. "$(dirname "$0")/../harness/lib.sh"

ready() { [ "$(kq pod "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
tools_pod() {
  cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  ${2:-}
  containers: [{name: main, image: "localhost/tools:1", command: [sleep, infinity]}]
YAML
}

it "gives a pod no variables of a Service that is made later"
run_ok k create -f - <<<"$(tools_pod env-before)"
eventually 30 ready env-before
run_ok k create service clusterip backend-database --tcp=3306:3306 --tcp=53:53
ip=$(kq service backend-database -o 'jsonpath={.spec.clusterIP}')
hasnt "$(in_pod env-before env)" BACKEND_DATABASE

it "gives one that is created after it the host, the ports and the docker-link variables"
run_ok k create -f - <<<"$(tools_pod env-after)"
eventually 30 ready env-after
env=$(in_pod env-after env | grep '^BACKEND_DATABASE' | sort)
wanted=$(sort <<LINES
BACKEND_DATABASE_SERVICE_HOST=$ip
BACKEND_DATABASE_SERVICE_PORT=3306
BACKEND_DATABASE_SERVICE_PORT_3306_3306=3306
BACKEND_DATABASE_SERVICE_PORT_53_53=53
BACKEND_DATABASE_PORT=tcp://$ip:3306
BACKEND_DATABASE_PORT_3306_TCP=tcp://$ip:3306
BACKEND_DATABASE_PORT_3306_TCP_PROTO=tcp
BACKEND_DATABASE_PORT_3306_TCP_PORT=3306
BACKEND_DATABASE_PORT_3306_TCP_ADDR=$ip
BACKEND_DATABASE_PORT_53_TCP=tcp://$ip:53
BACKEND_DATABASE_PORT_53_TCP_PROTO=tcp
BACKEND_DATABASE_PORT_53_TCP_PORT=53
BACKEND_DATABASE_PORT_53_TCP_ADDR=$ip
LINES
)
eq "$env" "$wanted" "variables"
eq "$(in_pod env-after env | grep '^KUBERNETES_SERVICE_HOST')" KUBERNETES_SERVICE_HOST=10.96.0.1

it "leaves them out with enableServiceLinks: false, but for the API server's own"
run_ok k create -f - <<<"$(tools_pod env-off 'enableServiceLinks: false')"
eventually 30 ready env-off
env=$(in_pod env-off env)
hasnt "$env" BACKEND_DATABASE
has "$env" KUBERNETES_SERVICE_HOST=10.96.0.1

it "gives none of another namespace's Services"
run_ok k create namespace env-other
far_made() { k create -n env-other -f - <<<"$(tools_pod env-far)"; }
eventually 10 far_made
far_ready() { [ "$(kq pod -n env-other env-far -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
eventually 30 far_ready
hasnt "$(POD_NS=env-other in_pod env-far env)" BACKEND_DATABASE

run_ok k delete pod env-before env-after env-off --now
run_ok k delete service backend-database
run_ok k delete namespace env-other
