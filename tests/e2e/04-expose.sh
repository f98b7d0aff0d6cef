# Walkthrough line 4: kubectl expose; several ports; target ports by name; TCP and UDP on the same port number.
. "$(dirname "$0")/../harness/lib.sh"

# asks_tcp ADDRESS PORT, asks_udp ADDRESS PORT: the first line of the answer, from node1.
asks_tcp() { node_run node1 -- curl -s -m 2 "http://$1:$2/" | head -n 1; }
# (dd, because whoever reads a datagram by pieces loses the rest of it)
asks_udp() { node_run node1 -- bash -c "exec 3<>/dev/udp/$1/$2; echo hello >&3; timeout 2 dd bs=512 count=1 status=none <&3" | head -n 1; }
answered_by() { [[ "$("$2" "$3" "$4")" == "$1"* ]]; }
address_of() { kq svc "$1" -o 'jsonpath={.spec.clusterIP}'; }
ports_of() { kq svc "$1" -o 'jsonpath={range .spec.ports[*]}{.name}:{.port}/{.protocol}>{.targetPort} {end}'; }

it "makes a Deployment with a named port to expose"
run_ok k create -f - <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: my-web
spec:
  replicas: 2
  selector:
    matchLabels: {app: my-web}
  template:
    metadata:
      labels: {app: my-web}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: localhost/web:1
          imagePullPolicy: IfNotPresent
          env: [{name: PORT, value: "80"}]
          ports: [{name: http, containerPort: 80}]
YAML
eventually 30 pods_ready app=my-web 2

it "exposes a Deployment under its own name, with the port of its containers"
run_ok k expose deployment my-web
eq "$(kq svc my-web -o 'jsonpath={.spec.selector.app} {.spec.type}')" "my-web ClusterIP" "selector and type"
eq "$(ports_of my-web)" ":80/TCP>80 " "ports"
eventually 10 answered_by my-web- asks_tcp "$(address_of my-web)" 80

it "exposes it with a name, a port, a target port and a type of the user's choice"
run_ok k expose deployment my-web --name=front --port=8080 --target-port=http --type=NodePort
eq "$(ports_of front)" ":8080/TCP>http " "ports"
matches "$(k get svc front)" '^front +NodePort +10\.[0-9.]+ +<none> +8080:3[0-9]{4}/TCP '
eventually 10 answered_by my-web- asks_tcp "$(address_of front)" 8080
eventually 10 answered_by my-web- asks_tcp "$(kq node node2 -o 'jsonpath={.status.addresses[0].address}')" \
  "$(kq svc front -o 'jsonpath={.spec.ports[0].nodePort}')"

it "refuses to expose it twice under one name"
refused 'services "front" already exists' k expose deployment my-web --name=front --port=81

it "exposes a Service again, with another port"
run_ok k expose service front --name=front2 --port=81 --target-port=80
eventually 10 answered_by my-web- asks_tcp "$(address_of front2)" 81

it "serves several ports, TCP and UDP on the same number, by name"
run_ok k patch deployment my-web --type=json \
  -p '[{"op": "add", "path": "/spec/template/spec/containers/0/ports/-", "value": {"name": "ask", "containerPort": 80, "protocol": "UDP"}}]'
run_ok k rollout status deployment/my-web --timeout=60s
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Service
metadata:
  name: many
spec:
  selector: {app: my-web}
  ports:
    - {name: http, port: 80, targetPort: http}
    - {name: http-alt, port: 8080, targetPort: http}
    - {name: ask, port: 80, targetPort: ask, protocol: UDP}
YAML
many=$(address_of many)
matches "$(k get svc many)" ' 80/TCP,8080/TCP,80/UDP '
eventually 10 answered_by my-web- asks_tcp "$many" 80
eventually 10 answered_by my-web- asks_tcp "$many" 8080
eventually 10 answered_by my-web- asks_udp "$many" 80

it "refuses several ports without names"
refused 'spec.ports[0].name: Required value' k create -f - <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: nameless}
spec:
  selector: {app: my-web}
  ports: [{port: 80}, {port: 81}]
YAML

it "follows a pod port that changes its number and keeps its name, the Service untouched"
before=$(kq svc many -o 'jsonpath={.metadata.resourceVersion}')
run_ok k patch deployment my-web --type=json -p '[
  {"op": "replace", "path": "/spec/template/spec/containers/0/env/0/value", "value": "8888"},
  {"op": "replace", "path": "/spec/template/spec/containers/0/ports/0/containerPort", "value": 8888},
  {"op": "replace", "path": "/spec/template/spec/containers/0/ports/1/containerPort", "value": 8888}]'
run_ok k rollout status deployment/my-web --timeout=60s
only_new_port() { [ "$(kq endpoints many -o 'jsonpath={range .subsets[*].ports[*]}{.port}{"\n"}{end}' | sort -u)" = 8888 ]; }
eventually 10 only_new_port
eventually 10 answered_by my-web- asks_tcp "$many" 80
eventually 10 answered_by my-web- asks_udp "$many" 80
eq "$(kq svc many -o 'jsonpath={.metadata.resourceVersion}')" "$before" "resourceVersion of the Service"

it "removes what it made"
run_ok k delete service my-web front front2 many
run_ok k delete deployment my-web
eventually 30 no_pods app=my-web
