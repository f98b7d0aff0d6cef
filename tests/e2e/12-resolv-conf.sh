# Walkthrough line 12: a pod's resolv.conf for every dnsPolicy.
. "$(dirname "$0")/../harness/lib.sh"

ready() { [ "$(kq pod "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
# dns_pod NAME SPEC-LINES...
dns_pod() {
  local name=$1 spec=""
  shift
  for line in "$@"; do spec="$spec
  $line"; done
  run_ok k create -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $name}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "localhost/tools:1", command: [sleep, infinity]}]$spec
YAML
  eventually 30 ready "$name"
}
conf_of() { in_pod "$1" cat /etc/resolv.conf; }
cluster_conf="search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5"

it "asks the cluster's DNS by default"
dns_pod dns-default-policy
eq "$(conf_of dns-default-policy)" "$cluster_conf"

it "asks as the node does with dnsPolicy: Default"
dns_pod dns-node "dnsPolicy: Default"
conf=$(conf_of dns-node)
hasnt "$conf" 10.96.0.10
hasnt "$conf" cluster.local

it "takes only the pod's own words with dnsPolicy: None"
dns_pod dns-none "dnsPolicy: None" "dnsConfig: {nameservers: [192.0.2.53], searches: [a.example, b.example], options: [{name: ndots, value: '2'}, {name: edns0}]}"
eq "$(conf_of dns-none)" "search a.example b.example
nameserver 192.0.2.53
options ndots:2 edns0"

it "adds dnsConfig to what the policy gives"
dns_pod dns-more "dnsConfig: {nameservers: [192.0.2.53], searches: [more.example], options: [{name: ndots, value: '3'}]}"
eq "$(conf_of dns-more)" "search default.svc.cluster.local svc.cluster.local cluster.local more.example
nameserver 10.96.0.10
nameserver 192.0.2.53
options ndots:3"

it "gives a pod of the node's network the node's resolver, and the cluster's with ClusterFirstWithHostNet"
dns_pod dns-host "hostNetwork: true"
hasnt "$(conf_of dns-host)" 10.96.0.10
dns_pod dns-host-cluster "hostNetwork: true" "dnsPolicy: ClusterFirstWithHostNet"
eq "$(conf_of dns-host-cluster)" "$cluster_conf"
has "$(in_pod dns-host-cluster nslookup kubernetes)" 10.96.0.1

run_ok k delete pod dns-default-policy dns-node dns-none dns-more dns-host dns-host-cluster --now
