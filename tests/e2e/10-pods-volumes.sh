# Pods: volumes of every supported type, their live updates, and that nothing of them is left behind.
. "$(dirname "$0")/../harness/lib.sh"

ready() { [ "$(kq pod "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
reads() { [ "$(in_pod "$1" cat "$2")" = "$3" ]; }
directory_of() { echo "$DATA_DIR/nodes/$(kq pod "$1" -o 'jsonpath={.spec.nodeName}')"; }

it "mounts ConfigMaps, Secrets, the downward API and their projections, with modes"
run_ok k create configmap vol-settings --from-literal=mode=1 --from-literal=conf=a
run_ok k create secret generic vol-secret --from-literal=password=s3
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: vol-all, labels: {app: vol-all}, annotations: {note: first}}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {fsGroup: 2000}
  containers:
    - name: main
      image: localhost/tools:1
      imagePullPolicy: IfNotPresent
      command: [sleep, infinity]
      env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
      volumeMounts:
        - {name: settings, mountPath: /settings}
        - {name: settings, mountPath: /one, subPath: mode}
        - {name: secret, mountPath: /secret}
        - {name: info, mountPath: /info}
        - {name: all, mountPath: /all}
        - {name: scratch, mountPath: /scratch}
        - {name: scratch, mountPath: /own, subPathExpr: pods/$(WHO)}
        - {name: memory, mountPath: /memory}
        - {name: host, mountPath: /host, readOnly: true}
        - {name: maybe, mountPath: /maybe}
  volumes:
    - {name: settings, configMap: {name: vol-settings}}
    - {name: secret, secret: {secretName: vol-secret, defaultMode: 0400, items: [{key: password, path: db/password}]}}
    - {name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: note, fieldRef: {fieldPath: "metadata.annotations['note']"}}]}}
    - name: all
      projected:
        sources:
          - {configMap: {name: vol-settings, items: [{key: conf, path: conf}]}}
          - {secret: {name: vol-secret}}
          - {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
    - {name: scratch, emptyDir: {}}
    - {name: memory, emptyDir: {medium: Memory, sizeLimit: 2Mi}}
    - {name: host, hostPath: {path: /etc, type: Directory}}
    - {name: maybe, configMap: {name: vol-absent, optional: true}}
YAML
eventually 30 ready vol-all
eq "$(in_pod vol-all cat /settings/mode)" 1
eq "$(in_pod vol-all cat /one)" 1
eq "$(in_pod vol-all cat /secret/db/password)" s3
eq "$(in_pod vol-all stat -L -c '%a %g' /secret/db/password)" "440 2000"
eq "$(in_pod vol-all cat /info/labels)" 'app="vol-all"'
eq "$(in_pod vol-all cat /all/conf /all/password /all/name)" as3vol-all
eq "$(in_pod vol-all stat -c '%a %g' /scratch)" "2777 2000"
matches "$(in_pod vol-all df -k /memory)" 'tmpfs +2048 '
eq "$(in_pod vol-all readlink /settings/mode)" ..data/mode
eq "$(in_pod vol-all ls /maybe)" ""
run_ok in_pod vol-all sh -c 'echo x >/own/file && test -f /scratch/pods/vol-all/file && test -f /host/passwd'
refused "Read-only" in_pod vol-all touch /settings/new
refused "Read-only" in_pod vol-all touch /host/new

it "changes the files of a running pod when the objects change"
run_ok k patch configmap vol-settings --type merge -p '{"data":{"mode":"2","more":"m"}}'
run_ok k patch secret vol-secret --type merge -p '{"stringData":{"password":"s4"}}'
run_ok k annotate pod vol-all note=second --overwrite
run_ok k create configmap vol-absent --from-literal=late=1
eventually 10 reads vol-all /settings/mode 2
eventually 10 reads vol-all /settings/more m
eventually 10 reads vol-all /secret/db/password s4
eventually 10 reads vol-all /info/note second
eventually 10 reads vol-all /maybe/late 1
eq "$(in_pod vol-all cat /one)" 1 "a subPath does not follow"

it "keeps what is in an emptyDir when the container restarts, and removes all of it with the pod"
where=$(directory_of vol-all)
uid=$(kq pod vol-all -o 'jsonpath={.metadata.uid}')
files() { find "$where" -maxdepth 4 -name "$uid" 2>/dev/null; }
restarted() { [ "$(kq pod vol-all -o 'jsonpath={.status.containerStatuses[0].restartCount}')" = 1 ]; }
in_pod vol-all kill -9 -1 2>/dev/null
ctr -a "$(node_socket "$(kq pod vol-all -o 'jsonpath={.spec.nodeName}')")" -n k8s.io task kill -s KILL \
  "$(kq pod vol-all -o 'jsonpath={.status.containerStatuses[0].containerID}' | sed 's|containerd://||')" 2>/dev/null
eventually 20 restarted
eventually 20 ready vol-all
eq "$(in_pod vol-all cat /own/file)" x
[ -n "$(files)" ] || problem "no files of the pod below $where"
run_ok k delete pod vol-all --now
eq "$(files)" ""
eq "$(grep -c "$uid" /proc/self/mountinfo)" 0 "mounts left"

it "says which ConfigMap a volume waits for, and starts when it is there"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: vol-late}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/web:1
      imagePullPolicy: IfNotPresent
      volumeMounts: [{name: conf, mountPath: /conf}]
  volumes: [{name: conf, configMap: {name: vol-late}}]
YAML
told() { k describe pod vol-late | grep -q 'Warning *FailedMount .*MountVolume.SetUp failed for volume "conf" : configmap "vol-late" not found'; }
eventually 20 told
eq "$(kq pod vol-late -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}')" ContainerCreating
run_ok k create configmap vol-late --from-literal=a=1
eventually 10 ready vol-late

it "says which volume types it does not have"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: vol-nfs}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "localhost/web:1", volumeMounts: [{name: far, mountPath: /far}]}]
  volumes: [{name: far, nfs: {server: 192.0.2.1, path: /x}}]
YAML
refusal() { k describe pod vol-nfs | grep -q 'volumes of type nfs are not supported by this node agent'; }
eventually 20 refusal

run_ok k delete pod vol-late vol-nfs --now
run_ok k delete configmap vol-settings vol-late vol-absent
run_ok k delete secret vol-secret

it "evicts a pod that puts more into an emptyDir than its limit"
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: vol-full}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/tools:1
      command: [sh, -c, "head -c 4000000 /dev/zero >/scratch/file; exec sleep infinity"]
      volumeMounts: [{name: scratch, mountPath: /scratch}]
  volumes: [{name: scratch, emptyDir: {sizeLimit: 1Mi}}]
YAML
evicted() { [ "$(kq pod vol-full -o 'jsonpath={.status.phase} {.status.reason}')" = "Failed Evicted" ]; }
eventually 30 evicted
has "$(kq pod vol-full -o 'jsonpath={.status.message}')" 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi".'
run_ok k delete pod vol-full --now

it "removes the volumes of a pod that is deleted while its node's agent is killed"
run_ok k create configmap vol-kill --from-literal=a=1
run_ok k create -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: vol-kill}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: localhost/web:1
      volumeMounts: [{name: memory, mountPath: /memory, subPath: part}, {name: all, mountPath: /all}]
  volumes: [{name: memory, emptyDir: {medium: Memory}}, {name: all, projected: {sources: [{configMap: {name: vol-kill}}]}}]
YAML
eventually 30 ready vol-kill
where=$(directory_of vol-kill)
uid=$(kq pod vol-kill -o 'jsonpath={.metadata.uid}')
agent=$("$FAIRLEAD" status --name "$NAME" | awk -v n="$(basename "$where")" '$1 == "agent" && $2 == n {print $3}')
[ "$(grep -c "$uid" /proc/self/mountinfo)" -ge 3 ] || problem "fewer mounts than volumes"
run_ok k delete pod vol-kill --wait=false
kill -9 "$agent"
gone() { [ -z "$(files)" ] && ! grep -q "$uid" /proc/self/mountinfo && ! k get pod vol-kill; }
eventually 30 gone
run_ok k delete configmap vol-kill
