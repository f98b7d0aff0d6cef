# Pods and their node: resources, security, host network and ports, names.
. "$(dirname "$0")/../harness/lib.sh"

pod_is() { [ "$(kq pod "$1" -o "jsonpath={$2}")" = "$3" ]; }
ready() { pod_is "$1" '.status.conditions[?(@.type=="Ready")].status' True; }
says() { k describe pod "$1" | grep -Eq -- "$2"; }

it "holds containers to their limits and says what ran out of memory"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: node-limits}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/tools:1
      command: [sleep, infinity]
      resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 500m, memory: 64Mi}}
---
apiVersion: v1
kind: Pod
metadata: {name: node-oom}
spec:
  restartPolicy: Never
  containers:
    - name: main
      image: localhost/tools:1
      command: [sh, -c, "x=a; while :; do x=$x$x; done"]
      resources: {limits: {memory: 16Mi}}
YAML
eventually 30 ready node-limits
eq "$(kq pod node-limits -o 'jsonpath={.status.qosClass}')" Burstable
# cgroup v1 or v2, as the machine has it.
if in_pod node-limits test -e /sys/fs/cgroup/memory.max; then
  eq "$(in_pod node-limits cat /sys/fs/cgroup/memory.max)" $((64 << 20))
  eq "$(in_pod node-limits cat /sys/fs/cgroup/cpu.max)" "50000 100000"
else
  eq "$(in_pod node-limits cat /sys/fs/cgroup/memory/memory.limit_in_bytes)" $((64 << 20))
  eq "$(in_pod node-limits cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us)" 50000
  eq "$(in_pod node-limits cat /sys/fs/cgroup/cpu/cpu.shares)" 256
fi
eventually 30 pod_is node-oom .status.phase Failed
eq "$(kq pod node-oom -o 'jsonpath={.status.containerStatuses[0].state.terminated.reason} {.status.containerStatuses[0].state.terminated.exitCode}')" "OOMKilled 137"

it "runs containers as whom, and with what rights, the securityContext says"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: node-secure}
spec:
  terminationGracePeriodSeconds: 0
  securityContext:
    {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000], seccompProfile: {type: RuntimeDefault}, sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "80"}]}
  containers:
    - name: main
      image: localhost/tools:1
      command: [sleep, infinity]
      securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}
    - {name: root, image: "localhost/tools:1", command: [sleep, infinity], securityContext: {runAsUser: 0, privileged: true}}
YAML
eventually 30 ready node-secure
# The process as the container's own init sees it: exec would have its own credentials.
status=$(in_pod node-secure cat /proc/1/status)
eq "$(awk '/^Uid:/{print $2}' <<<"$status") $(awk '/^Gid:/{print $2}' <<<"$status")" "1000 3000"
eq "$(awk '/^Groups:/{$1=""; print}' <<<"$status" | xargs -n1 | sort -n | xargs)" "2000 3000 4000"
eq "$(awk '/^CapBnd:/{print $2}' <<<"$status")" 0000000000000400
eq "$(awk '/^NoNewPrivs:/{print $2}' <<<"$status")" 1
eq "$(awk '/^Seccomp:/{print $2}' <<<"$status")" 2
refused "Read-only file system" in_pod node-secure sh -c 'echo x >/file'
eq "$(in_pod node-secure cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" 80
eq "$(in_pod node-secure sh -c 'cat /proc/timer_list /proc/keys 2>/dev/null | wc -c')" 0 "masked paths"

it "fails a pod with a sysctl that is not safe, and says what it does not have"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: node-sysctl}
spec:
  securityContext: {sysctls: [{name: kernel.msgmax, value: "1"}]}
  containers: [{name: main, image: "localhost/web:1"}]
---
apiVersion: v1
kind: Pod
metadata: {name: node-profile}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "localhost/web:1", securityContext: {seccompProfile: {type: Localhost, localhostProfile: x.json}}}]
YAML
eventually 30 pod_is node-sysctl .status.reason SysctlForbidden
eq "$(kq pod node-sysctl -o 'jsonpath={.status.phase}: {.status.message}')" 'Failed: Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'
eventually 30 pod_is node-profile '.status.containerStatuses[0].state.waiting.reason' CreateContainerConfigError
eq "$(kq pod node-profile -o 'jsonpath={.status.containerStatuses[0].state.waiting.message}')" "seccompProfile type Localhost is not supported by this node agent"

it "puts a pod into the node's network, and a container's port on the node's address"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: node-network}
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 0
  hostAliases: [{ip: 192.0.2.7, hostnames: [seven.example]}]
  containers: [{name: main, image: "localhost/web:1", env: [{name: PORT, value: "18080"}], readinessProbe: {periodSeconds: 1, httpGet: {port: 18080}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: node-port}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "localhost/web:1", ports: [{containerPort: 80, hostPort: 18081}]}]
YAML
eventually 30 ready node-network
eventually 30 ready node-port
eq "$(kq pod node-network -o 'jsonpath={.status.podIP}')" "$(kq pod node-network -o 'jsonpath={.status.hostIP}')"
address=$(kq pod node-network -o 'jsonpath={.status.hostIP}'):18080
has "$(node_run node1 -- curl -s -m 3 "http://$address/")" "$address"
has "$(in_root node-network cat etc/hosts)" "192.0.2.7	seven.example"
other=$([ "$(kq pod node-port -o 'jsonpath={.spec.nodeName}')" = node1 ] && echo node2 || echo node1)
answered() { node_run "$other" -- curl -s -m 3 "http://$(kq pod node-port -o 'jsonpath={.status.hostIP}'):18081/" | grep -q '^node-port'; }
eventually 10 answered

it "names pods by hostname, subdomain and aliases, and shares processes when asked"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: node-names}
spec:
  terminationGracePeriodSeconds: 0
  hostname: fancy
  subdomain: sub
  setHostnameAsFQDN: true
  shareProcessNamespace: true
  hostAliases: [{ip: 192.0.2.1, hostnames: [one.example, uno.example]}]
  containers:
    - {name: main, image: "localhost/tools:1", command: [sleep, infinity]}
    - {name: other, image: "localhost/web:1"}
YAML
eventually 30 ready node-names
eq "$(in_pod node-names cat /proc/sys/kernel/hostname)" fancy.sub.default.svc.cluster.local
hosts=$(in_pod node-names cat /etc/hosts)
has "$hosts" "$(kq pod node-names -o 'jsonpath={.status.podIP}')	fancy.sub.default.svc.cluster.local	fancy"
has "$hosts" "192.0.2.1	one.example	uno.example"
has "$(in_pod node-names sh -c 'cat /proc/[0-9]*/comm')" web

it "lets a pod see the machine's processes, and share its IPC, when asked"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: node-pid}
spec:
  hostPID: true
  hostIPC: true
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "localhost/tools:1", command: [sleep, infinity]}]
YAML
eventually 30 ready node-pid
has "$(in_pod node-pid sh -c 'cat /proc/[0-9]*/comm 2>/dev/null')" containerd
eq "$(in_pod node-pid readlink /proc/self/ns/ipc)" "$(readlink /proc/self/ns/ipc)"

run_ok k delete pod node-pid node-limits node-oom node-secure node-sysctl node-profile node-network node-port node-names --now
