# Walkthrough line 10, as far as it is about controllers other than Deployments and about service accounts.
. "$(dirname "$0")/../harness/lib.sh"

replicas() { # KIND APIVERSION NAME SELECTOR
  cat <<YAML
apiVersion: $2
kind: $1
metadata: {name: $3}
spec:
  replicas: 2
  selector: $4
  template:
    metadata: {labels: {app: $3}}
    spec:
      containers: [{name: web, image: 'localhost/web:1', ports: [{containerPort: 80}]}]
YAML
}
owner_of_pods() { kq pods -l "$1" -o 'jsonpath={range .items[*]}{.metadata.ownerReferences[0].kind}{"\n"}{end}' | sort -u; }

it "runs a ReplicationController"
run_ok k create -f - < <(replicas ReplicationController v1 old-web '{app: old-web}')
eventually 30 pods_ready app=old-web 2
eq "$(owner_of_pods app=old-web)" ReplicationController
matches "$(k get rc old-web)" '^old-web +2 +2 +2 '
matches "$(k get rc old-web -o wide)" 'CONTAINERS +IMAGES +SELECTOR'

it "scales a ReplicationController, and a Service finds its pods"
run_ok k expose rc old-web --port 80
run_ok k scale rc old-web --replicas 3
eventually 30 pods_ready app=old-web 3
eventually 10 endpoint_count_is old-web 3

it "replaces a ReplicationController's pod"
gone=$(kq pods -l app=old-web -o 'jsonpath={.items[0].metadata.name}')
run_ok k delete pod "$gone" --wait=false
eventually 30 pods_ready app=old-web 3
hasnt "$(kq pods -l app=old-web -o 'jsonpath={.items[?(@.status.phase=="Running")].metadata.name}' | tr ' ' '\n' | grep -vx "$gone")" "$gone"
matches "$(k describe rc old-web)" 'SuccessfulCreate.*replication-controller.*Created pod'

it "deletes a ReplicationController with its pods"
run_ok k delete rc old-web
run_ok k delete svc old-web
eventually 40 no_pods app=old-web

it "runs, scales and deletes a ReplicaSet"
run_ok k create -f - < <(replicas ReplicaSet apps/v1 set-web '{matchLabels: {app: set-web}}')
eventually 30 pods_ready app=set-web 2
eq "$(owner_of_pods app=set-web)" ReplicaSet
run_ok k scale rs set-web --replicas 1
one_left() { [ "$(kq pods -l app=set-web -o name | grep -c .)" = 1 ]; }
eventually 40 one_left
run_ok k delete rs set-web
eventually 40 no_pods app=set-web

it "gives every namespace its default account and the cluster's authority"
run_ok k create namespace accounts
has_account() { kq serviceaccount default -n accounts && kq configmap kube-root-ca.crt -n accounts; }
eventually 10 has_account
matches "$(k get sa -n accounts)" '^default '
has "$(kq configmap kube-root-ca.crt -n accounts -o 'jsonpath={.data.ca\.crt}')" 'BEGIN CERTIFICATE'
run_ok k delete namespace accounts

it "lets a pod ask the API server for a Service's endpoints with its own token"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: asks}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: 'localhost/tools:1', command: [sleep, infinity]}]
YAML
asks_runs() { kq pod asks -o 'jsonpath={.status.containerStatuses[0].state.running.startedAt}' | grep -q .; }
eventually 30 asks_runs
ask() {
  in_pod asks sh -c 'd=/var/run/secrets/kubernetes.io/serviceaccount
    curl -sS -m 5 --cacert $d/ca.crt -H "Authorization: Bearer $(cat $d/token)" \
      "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/namespaces/$(cat $d/namespace)/'"$1"'"'
}
address=$(endpoints_of kubernetes)
has "$(ask endpoints/kubernetes)" "\"ip\":\"$address\""
has "$(ask secrets)" 'User \"system:serviceaccount:default:default\" cannot list resource \"secrets\"'
has "$(in_pod asks sh -c 'curl -sS -m 5 --cacert /var/run/secrets/kubernetes.io/serviceaccount/ca.crt https://kubernetes.default.svc/version')" gitVersion

it "refuses the token of a pod that is gone"
token=$(in_pod asks cat /var/run/secrets/kubernetes.io/serviceaccount/token)
server=$(k config view --raw -o 'jsonpath={.clusters[0].cluster.server}')
with_token() { curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" "$server/api/v1/namespaces/default/endpoints"; }
eq "$(with_token "$token")" 200 "status while the pod lives"
run_ok k delete pod asks --grace-period=0 --force
eq "$(with_token "$token")" 401 "status after the pod"
