# Walkthrough line 13: names.
. "$(dirname "$0")/../harness/lib.sh"

it "writes the pod's resolv.conf for ClusterFirst"
conf=$(in_pod tools cat /etc/resolv.conf)
has "$conf" "nameserver 10.96.0.10"
has "$conf" "search default.svc.cluster.local svc.cluster.local cluster.local"
has "$conf" "options ndots:5"

it "resolves a Service's short name to its ClusterIP, from server 10.96.0.10"
found=$(in_pod tools nslookup webui)
matches "$found" 'Server:[[:space:]]+10\.96\.0\.10'
has "$found" "webui.default.svc.cluster.local"
has "$found" "10.100.100.100"

it "resolves full names and names in other namespaces"
has "$(in_pod tools nslookup webui.default.svc.cluster.local)" "10.100.100.100"
has "$(in_pod tools nslookup kube-dns.kube-system)" "10.96.0.10"
has "$(in_pod tools nslookup kubernetes)" "10.96.0.1"

it "answers NXDOMAIN for a typo in the namespace"
has "$(in_pod tools nslookup kube-dns.kue-system.svc.cluster.local 2>&1)" "NXDOMAIN"

it "reaches the Service by its name"
matches "$(in_pod tools curl -s -m 3 http://webui/)" '^webui-'

it "shows kube-dns with its three ports"
matches "$(k get svc -n kube-system)" '^kube-dns +ClusterIP +10\.96\.0\.10 +<none> +53/UDP,53/TCP,9153/TCP'
