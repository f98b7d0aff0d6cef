# Walkthrough line 7: a Service without selector, with endpoints made by hand, leads to an address outside the cluster.
. "$(dirname "$0")/../harness/lib.sh"

# Outside is here: a server on this machine's own address beside the nodes.
outside=$(kq endpoints kubernetes -o 'jsonpath={.subsets[0].addresses[0].ip}')
PORT=18081 POD_NAME=outside-7 "$ROOT/build/release/images/web" &
server=$!
trap 'kill $server; finish_current' EXIT

reaches() { [ "$(in_pod tools curl -s -m 2 "http://$1/" | head -n 1)" = outside-7 ]; }

it "follows a hand-made Endpoints object"
run_ok k create -f - <<Y
{"apiVersion":"v1","kind":"List","items":[
 {"apiVersion":"v1","kind":"Service","metadata":{"name":"outside-a"},"spec":{"ports":[{"port":80,"targetPort":18081}]}},
 {"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"outside-a"},"subsets":[{"addresses":[{"ip":"$outside"}],"ports":[{"port":18081}]}]}]}
Y
eventually 10 reaches outside-a
matches "$(k get svc outside-a -o wide)" '^outside-a +ClusterIP +10\.[0-9.]+ +<none> +80/TCP +[0-9a-z]+ +<none>$'
matches "$(k get endpoints outside-a 2>/dev/null)" "^outside-a +$outside:18081"

it "follows a hand-made EndpointSlice"
run_ok k create -f - <<Y
{"apiVersion":"v1","kind":"List","items":[
 {"apiVersion":"v1","kind":"Service","metadata":{"name":"outside-b"},"spec":{"ports":[{"name":"http","port":80,"targetPort":18081}]}},
 {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"outside-b-1","labels":{"kubernetes.io/service-name":"outside-b"}},
  "addressType":"IPv4","ports":[{"name":"http","protocol":"TCP","port":18081}],"endpoints":[{"addresses":["$outside"]}]}]}
Y
eventually 10 reaches outside-b

it "refuses an endpoint that is no address, and says which field"
refused 'subsets[0].addresses[0].ip: Invalid value: "example.com": must be a valid IP address' \
  k create -f - <<'Y'
{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"outside-c"},"subsets":[{"addresses":[{"ip":"example.com"}],"ports":[{"port":80}]}]}
Y
run_ok k delete svc outside-a outside-b
