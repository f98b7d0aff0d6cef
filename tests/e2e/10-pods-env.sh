# Pods: environment from ConfigMaps, Secrets, the pod's own fields and its resources.
. "$(dirname "$0")/../harness/lib.sh"

ready() { [ "$(kq pod "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
waiting_for() { [ "$(kq pod "$1" -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}')" = "$2" ]; }

it "takes variables from ConfigMaps, Secrets, fields and resources"
run_ok k create configmap env-settings --from-literal=mode=fast --from-literal=LEVEL=3
run_ok k create secret generic env-db --from-literal=password='p w' --from-literal=USER=joe
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: env-all, labels: {app: env-all}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/tools:1
      imagePullPolicy: IfNotPresent
      command: [sleep, infinity]
      resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {memory: 64Mi}}
      envFrom:
        - configMapRef: {name: env-settings}
        - secretRef: {name: env-db}
          prefix: DB_
        - configMapRef: {name: env-absent, optional: true}
      env:
        - {name: MODE, valueFrom: {configMapKeyRef: {name: env-settings, key: mode}}}
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: env-db, key: password}}}
        - {name: NOTHING, valueFrom: {configMapKeyRef: {name: env-settings, key: nothing, optional: true}}}
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: APP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
        - {name: NODE_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
        - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
        - {name: CPU, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
        - {name: TEXT, value: "$(POD) at $(MODE), $$(POD), $(UNKNOWN)"}
YAML
eventually 30 ready env-all
env=$(in_pod env-all env)
ip=$(kq pod env-all -o 'jsonpath={.status.podIP}')
host=$(kq pod env-all -o 'jsonpath={.status.hostIP}')
for line in MODE=fast "PASSWORD=p w" LEVEL=3 mode=fast DB_USER=joe "DB_password=p w" POD=env-all APP=env-all "IP=$ip" "NODE_IP=$host" \
  MEMORY=64 CPU=50 'TEXT=env-all at fast, $(POD), $(UNKNOWN)'; do
  printf '%s\n' "$env" | grep -Fxq -- "$line" || problem "no line '$line' in: $env"
done
hasnt "$env" NOTHING

it "says which ConfigMap or key is missing, and starts when it is there"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: env-missing}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/web:1
      imagePullPolicy: IfNotPresent
      env:
        - {name: X, valueFrom: {configMapKeyRef: {name: env-late, key: x}}}
YAML
eventually 20 waiting_for env-missing CreateContainerConfigError
eq "$(kq pod env-missing -o 'jsonpath={.status.containerStatuses[0].state.waiting.message}')" 'configmap "env-late" not found'
message_is() { [ "$(kq pod env-missing -o 'jsonpath={.status.containerStatuses[0].state.waiting.message}')" = "$1" ]; }
run_ok k create configmap env-late --from-literal=y=1
eventually 10 message_is "couldn't find key x in ConfigMap default/env-late"
matches "$(k describe pod env-missing)" 'Warning +Failed .*Error: configmap "env-late" not found'
run_ok k patch configmap env-late --type merge -p '{"data":{"x":"1"}}'
eventually 10 ready env-missing

run_ok k delete pod env-all env-missing --now
run_ok k delete configmap env-settings env-late
run_ok k delete secret env-db
