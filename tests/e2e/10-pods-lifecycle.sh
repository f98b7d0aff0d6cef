# Pods: init containers, sidecars, restarts, hooks, graceful termination, deadlines, and what `describe` says of them.
. "$(dirname "$0")/../harness/lib.sh"

pod_is() { [ "$(kq pod "$1" -o "jsonpath={$2}")" = "$3" ]; }
ready() { pod_is "$1" '.status.conditions[?(@.type=="Ready")].status' True; }
says() { k describe pod "$1" | grep -Eq -- "$2"; }

it "runs init containers in order, then sidecars, then the others"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: life-init}
spec:
  terminationGracePeriodSeconds: 5
  volumes: [{name: work, emptyDir: {}}]
  initContainers:
    - {name: one, image: "localhost/tools:1", command: [sh, -c, "echo one >>/steps/order"], volumeMounts: [{name: work, mountPath: /steps}]}
    - name: side
      image: localhost/tools:1
      restartPolicy: Always
      command: [sh, -c, "echo side >>/steps/order; trap 'echo side-end >>/steps/order; exit 0' TERM; while :; do sleep 0.1; done"]
      startupProbe: {periodSeconds: 1, exec: {command: [grep, -q, side, /steps/order]}}
      volumeMounts: [{name: work, mountPath: /steps}]
    - {name: two, image: "localhost/tools:1", command: [sh, -c, "echo two >>/steps/order"], volumeMounts: [{name: work, mountPath: /steps}]}
  containers:
    - name: main
      image: localhost/tools:1
      command: [sh, -c, "echo main >>/steps/order; exec sleep infinity"]
      volumeMounts: [{name: work, mountPath: /steps}]
YAML
eventually 30 ready life-init
eq "$(in_pod life-init cat /steps/order | xargs)" "one side two main"
matches "$(k get pod life-init --no-headers)" '^life-init +2/2 +Running +0 '
eq "$(kq pod life-init -o 'jsonpath={.status.initContainerStatuses[0].state.terminated.reason}')" Completed
eq "$(kq pod life-init -o 'jsonpath={range .status.conditions[*]}{.type}={.status} {end}' | xargs -n1 | sort | xargs)" \
  "ContainersReady=True Initialized=True PodReadyToStartContainers=True PodScheduled=True Ready=True"
run_ok k delete pod life-init --now

it "shows in events what it did"
run_ok k run life-plain --image=localhost/web:1 --image-pull-policy=IfNotPresent
eventually 30 ready life-plain
for event in 'Normal +Scheduled .*Successfully assigned default/life-plain to node' \
  'Normal +Pulled .*Container image "localhost/web:1" already present on machine and can be accessed by the pod' \
  'Normal +Created .*Container created' 'Normal +Started .*Container started'; do
  eventually 10 says life-plain "$event"
done

it "restarts what crashes, at once and then backing off"
run_ok k run life-crash --image=localhost/tools:1 --image-pull-policy=IfNotPresent --command -- sh -c 'echo gone >/dev/termination-log; exit 3'
eventually 30 pod_is life-crash '.status.containerStatuses[0].state.waiting.reason' CrashLoopBackOff
eq "$(kq pod life-crash -o 'jsonpath={.status.containerStatuses[0].restartCount}')" 1
eq "$(kq pod life-crash -o 'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}')" 3
eq "$(kq pod life-crash -o 'jsonpath={.status.containerStatuses[0].lastState.terminated.message}' | xargs)" gone
matches "$(kq pod life-crash -o 'jsonpath={.status.containerStatuses[0].state.waiting.message}')" '^back-off 10s restarting failed container=life-crash pod=life-crash_default\('
eventually 10 says life-crash 'Warning +BackOff .*Back-off restarting failed container life-crash in pod life-crash_default\('
matches "$(k get pod life-crash --no-headers)" 'CrashLoopBackOff'

it "follows the restart policies to Succeeded and Failed"
run_ok k run life-done --image=localhost/tools:1 --image-pull-policy=IfNotPresent --restart=OnFailure --command -- true
run_ok k run life-failed --image=localhost/tools:1 --image-pull-policy=IfNotPresent --restart=Never --command -- sh -c 'echo why >&2; exit 7'
eventually 30 pod_is life-done .status.phase Succeeded
eventually 30 pod_is life-failed .status.phase Failed
eq "$(kq pod life-failed -o 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode} {.status.containerStatuses[0].state.terminated.reason}')" "7 Error"
matches "$(k get pod life-done --no-headers)" ' Completed '

it "stops at once an init container that fails for good"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: life-init-failed}
spec:
  restartPolicy: Never
  initContainers: [{name: broken, image: "localhost/tools:1", command: ["false"], terminationMessagePolicy: FallbackToLogsOnError}]
  containers: [{name: main, image: "localhost/web:1"}]
YAML
eventually 30 pod_is life-init-failed .status.phase Failed
matches "$(k get pod life-init-failed --no-headers)" ' 0/1 +Init:Error '

it "takes the end of the log for the termination message when asked"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: life-log}
spec:
  restartPolicy: Never
  containers: [{name: main, image: "localhost/tools:1", command: [sh, -c, "echo first; echo last words; exit 1"], terminationMessagePolicy: FallbackToLogsOnError}]
YAML
eventually 30 pod_is life-log .status.phase Failed
has "$(kq pod life-log -o 'jsonpath={.status.containerStatuses[0].state.terminated.message}')" "last words"

it "runs postStart before the container counts as running, and preStop before SIGTERM within the grace period"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: life-hooks}
spec:
  terminationGracePeriodSeconds: 10
  volumes: [{name: host, hostPath: {path: /var/lib/fairlead-life-hooks, type: DirectoryOrCreate}}]
  containers:
    - name: main
      image: localhost/tools:1
      command: [sh, -c, "trap 'echo term >>/host/log; exit 0' TERM; while :; do sleep 0.1; done"]
      volumeMounts: [{name: host, mountPath: /host}]
      lifecycle:
        postStart: {exec: {command: [sh, -c, "echo post >/host/log"]}}
        preStop: {exec: {command: [sh, -c, "echo pre >>/host/log"]}}
YAML
eventually 30 ready life-hooks
eq "$(cat /var/lib/fairlead-life-hooks/log)" post
begin=$(date +%s)
run_ok k delete pod life-hooks
eq "$(xargs </var/lib/fairlead-life-hooks/log)" "post pre term"
[ $(($(date +%s) - begin)) -lt 8 ] || problem "took the whole grace period"
rm -rf /var/lib/fairlead-life-hooks

it "kills what does not end within its grace period, and at once when forced"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: life-deaf}
spec:
  terminationGracePeriodSeconds: 2
  containers: [{name: main, image: "localhost/tools:1", command: [sh, -c, "trap '' TERM; while :; do sleep 0.1; done"]}]
YAML
eventually 30 ready life-deaf
begin=$(date +%s%N)
run_ok k delete pod life-deaf
took=$((($(date +%s%N) - begin) / 1000000))
[ "$took" -ge 1900 ] && [ "$took" -lt 8000 ] || problem "took $took ms, wanted about 2000"

run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: life-forced}
spec:
  terminationGracePeriodSeconds: 60
  containers: [{name: main, image: "localhost/tools:1", command: [sh, -c, "trap '' TERM; while :; do sleep 0.1; done"]}]
YAML
eventually 30 ready life-forced
uid=$(kq pod life-forced -o 'jsonpath={.metadata.uid}')
run_ok k delete pod life-forced --force --grace-period=0
no_files() { [ -z "$(find "$DATA_DIR/nodes" -maxdepth 4 -name "$uid")" ]; }
eventually 10 no_files

it "says which program an image does not have"
run_ok k run life-nosuch --image=localhost/tools:1 --image-pull-policy=IfNotPresent --command -- nosuch
eventually 20 pod_is life-nosuch '.status.containerStatuses[0].state.waiting.reason' CrashLoopBackOff
has "$(kq pod life-nosuch -o 'jsonpath={.status.containerStatuses[0].lastState.terminated}')" 'exec: \"nosuch\": executable file not found'
run_ok k delete pod life-nosuch --now

it "ends a pod that is active past its deadline"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: life-deadline}
spec:
  activeDeadlineSeconds: 2
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "localhost/tools:1", command: [sleep, infinity]}]
YAML
eventually 30 pod_is life-deadline .status.phase Failed
eq "$(kq pod life-deadline -o 'jsonpath={.status.reason}: {.status.message}')" "DeadlineExceeded: Pod was active on the node longer than the specified deadline"

run_ok k delete pod life-plain life-crash life-done life-failed life-init-failed life-log life-deadline --now
