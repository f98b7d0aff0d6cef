# Pods: readiness, liveness and startup probes of every kind.
. "$(dirname "$0")/../harness/lib.sh"

pod_is() { [ "$(kq pod "$1" -o "jsonpath={$2}")" = "$3" ]; }
ready() { pod_is "$1" '.status.conditions[?(@.type=="Ready")].status' True; }
unready() { pod_is "$1" '.status.conditions[?(@.type=="Ready")].status' False; }
says() { k describe pod "$1" | grep -Eq -- "$2"; }

it "is ready when and as long as the readiness probe says so"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: probe-ready}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/tools:1
      command: [sleep, infinity]
      readinessProbe: {periodSeconds: 1, failureThreshold: 1, exec: {command: [test, -f, /tmp/ready]}}
YAML
eventually 30 pod_is probe-ready .status.phase Running
unready probe-ready || problem "ready without its file"
run_ok in_pod probe-ready touch /tmp/ready
eventually 10 ready probe-ready
run_ok in_pod probe-ready rm /tmp/ready
eventually 10 unready probe-ready
eventually 10 says probe-ready 'Warning +Unhealthy .*Readiness probe failed: '
eq "$(kq pod probe-ready -o 'jsonpath={.status.containerStatuses[0].restartCount}')" 0

it "restarts what its liveness probe gives up on"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: probe-live}
spec:
  terminationGracePeriodSeconds: 30
  containers:
    - name: main
      image: localhost/tools:1
      command: [sleep, infinity]
      livenessProbe: {periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1, tcpSocket: {port: 81}}
YAML
eventually 30 pod_is probe-live '.status.containerStatuses[0].restartCount' 1
eventually 10 says probe-live 'Warning +Unhealthy .*Liveness probe failed: dial tcp [0-9.]+:81: connect: connection refused'
eventually 10 says probe-live 'Normal +Killing .*Container main failed liveness probe, will be restarted'

it "waits for the startup probe before the others, over HTTP, TCP and gRPC"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: probe-start}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/web:1
      ports: [{name: http, containerPort: 80}]
      startupProbe: {periodSeconds: 1, failureThreshold: 30, tcpSocket: {port: http}}
      livenessProbe: {periodSeconds: 1, httpGet: {port: 80, path: /, httpHeaders: [{name: X-Probe, value: "1"}]}}
      readinessProbe: {periodSeconds: 1, httpGet: {port: http}}
    - name: grpc
      image: localhost/web:1
      env: [{name: PORT, value: "81"}]
      readinessProbe: {periodSeconds: 1, grpc: {port: 80}}
YAML
eventually 30 pod_is probe-start '.status.containerStatuses[?(@.name=="main")].ready' true
eq "$(kq pod probe-start -o 'jsonpath={.status.containerStatuses[?(@.name=="main")].started}')" true
# A server that does not speak gRPC is not ready.
eventually 10 says probe-start 'Warning +Unhealthy .*Readiness probe failed: (error|timeout): '
unready probe-start || problem "ready by a gRPC probe of an HTTP server"

run_ok k delete pod probe-ready probe-live probe-start --now
