# Walkthrough line 3: allocated addresses, the kubernetes Service, and a VIP that is on no interface.
. "$(dirname "$0")/../harness/lib.sh"

it "allocates a ClusterIP from 10.96.0.0/12 when none is asked for"
k create -f - >/dev/null <<'Y' || problem "create failed"
{"apiVersion":"v1","kind":"Service","metadata":{"name":"allocated"},"spec":{"selector":{"app":"webui"},"ports":[{"port":80}]}}
Y
matches "$(kq svc allocated -o 'jsonpath={.spec.clusterIP}')" '^10\.(9[6-9]|10[0-9]|11[01])\.'
run_ok k delete svc allocated

it "has the kubernetes Service at 10.96.0.1:443, and it answers there"
matches "$(k get svc kubernetes)" '^kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443/TCP'
eventually 10 in_pod tools curl -sk -m 2 https://10.96.0.1/version
has "$(in_pod tools curl -sk -m 2 https://10.96.0.1/version)" '"major"'

it "puts the VIP on no interface and in no route table"
hasnt "$(node_run node1 -- ip -o addr)" "10.100.100.100"
hasnt "$(node_run node1 -- ip route show table all)" "10.100.100.100"

it "does not answer ping on the VIP"
if node_run node1 -- busybox ping -c 1 -W 1 10.100.100.100 >/dev/null 2>&1; then problem "the VIP answered ping"; fi
