# Walkthrough lines 9 and 10, what streams: logs, exec, attach, run -it, cp, port-forward; exit codes, terminals.
. "$(dirname "$0")/../harness/lib.sh"

work=$(mktemp -d)
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: streams
  labels: {app: streams}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/tools:1
      imagePullPolicy: IfNotPresent
      command: [sh, -c, "echo one; sleep 0.3; echo two >&2; sleep 1.1; echo three; exec sleep infinity"]
    - name: side
      image: localhost/tools:1
      imagePullPolicy: IfNotPresent
      command: [sh, -c, "echo of the side; exec sleep infinity"]
---
apiVersion: v1
kind: Pod
metadata:
  name: streams-web
  labels: {app: streams-web}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: web
      image: localhost/web:1
      imagePullPolicy: IfNotPresent
      ports: [{name: http, containerPort: 80}]
---
apiVersion: v1
kind: Pod
metadata:
  name: streams-crash
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/tools:1
      imagePullPolicy: IfNotPresent
      command: [sh, -c, "echo run at $(date +%s); exit 3"]
---
apiVersion: v1
kind: Pod
metadata:
  name: streams-absent
spec:
  containers:
    - {name: main, image: "localhost/no-such-image:1", imagePullPolicy: Never}
---
apiVersion: v1
kind: Service
metadata:
  name: streams
spec:
  selector: {app: streams-web}
  ports: [{name: front, port: 8080, targetPort: http}]
YAML
eventually 30 pods_ready app=streams 1
eventually 30 pods_ready app=streams-web 1

it "shows a container's log: all of it, its last lines, the newest"
eq_log() { [ "$(k logs streams -c main | tail -n 1)" = "$1" ]; }
eventually 10 eq_log three
eq "$(k logs streams -c main)" "$(printf 'one\ntwo\nthree')" "whole log"
eq "$(k logs streams -c main --tail=2)" "$(printf 'two\nthree')" "--tail"
eq "$(k logs streams -c main --limit-bytes=5)" "$(printf 'one\nt')" "--limit-bytes"
at=$(k logs streams -c main --timestamps | sed -n '3s/ three$//p')
matches "$at" '^20[0-9-]+T[0-9:]+\.[0-9]{9}(Z|[+-][0-9:]+)$'
eq "$(k logs streams -c main --since-time="$(echo "$at" | sed 's/\..*Z/Z/')" | tail -n 1)" three "--since-time"
hasnt "$(k logs streams -c main --since-time="$(echo "$at" | sed 's/\..*Z/Z/')")" one
eq "$(k logs streams -c main --since=1h | head -n 1)" one "--since"
eq "$(k logs -l app=streams -c side)" "of the side" "-l"
eq "$(k logs streams --all-containers | sort)" "$(printf 'of the side\none\nthree\ntwo')" "--all-containers"

it "says which container a log could be of"
refused "container nope is not valid for pod streams" k logs streams -c nope
out=$(k logs streams 2>&1)
case "$out" in
  *"a container name must be specified for pod streams, choose one of: [main side]"*) ;;  # up to 1.26
  *"Defaulted container \"main\" out of: main, side"*) ;;
  *) problem "said: $out" ;;
esac

it "follows a log to the container's end"
run_ok k run streams-follow --image=localhost/tools:1 --restart=Never --command -- sh -c 'for i in 1 2 3; do echo $i; sleep 0.3; done; printf end'
follows() { [ "$(timeout 20 "$KUBECTL" logs -f streams-follow 2>&1)" = "$(printf '1\n2\n3\nend')" ]; }
eventually 20 follows
run_ok k delete pod streams-follow --now

it "shows the log of the run before"
crashed_twice() { [ "$(kq pod streams-crash -o 'jsonpath={.status.containerStatuses[0].restartCount}')" -ge 1 ]; }
eventually 30 crashed_twice
matches "$(k logs streams-crash --previous)" '^run at [0-9]+$'
refused 'previous terminated container "main" in pod "streams" not found' k logs streams -c main --previous

it "says what a container waits for that has no log"
refused 'container "main" in pod "streams-absent" is waiting to start: ErrImageNeverPull' k logs streams-absent
refused 'pods "nowhere" not found' k logs nowhere

it "runs a command in a container: output, errors and exit code apart"
eq "$(k exec streams -c main -- echo hello 2>"$work/err")" hello "output"
eq "$(cat "$work/err")" "" "errors"
k exec streams -c main -- sh -c 'echo out; echo err >&2; exit 6' >"$work/out" 2>"$work/err"
eq "$?" 6 "exit code"
eq "$(cat "$work/out")" out "output"
has "$(cat "$work/err")" "err"
has "$(cat "$work/err")" "command terminated with exit code 6"

it "gives a command its input, to the end of it"
eq "$(printf 'a\nb\nc\n' | k exec -i streams -c main -- wc -l | tr -d ' ')" 3 "lines"
head -c 3000000 /dev/urandom >"$work/random"
eq "$(k exec -i streams -c main -- sha256sum <"$work/random" | cut -d' ' -f1)" "$(sha256sum "$work/random" | cut -d' ' -f1)" "3 MB in"
eq "$(k exec streams -c main -- sh -c 'head -c 5000000 /dev/zero | tr "\0" x' | wc -c)" 5000000 "bytes out"

it "gives a command a terminal of the client's size, and follows it"
# pty COMMAND: under a terminal of its own; script itself echoes the end of its input as ^@.
pty() { timeout 20 script -qec "$1" /dev/null </dev/null | tr -d '\r' | sed 's/\^@//g'; }
eq "$(pty "stty rows 33 cols 99; $KUBECTL exec -it streams -c main -- sh -c 'sleep 0.3; stty size; test -t 0 && test -t 2 && echo terminal; exit 5'; echo code \$?" | grep -v '^command terminated')" "$(printf '33 99\nterminal\ncode 5')" "terminal"
resize="stty rows 10 cols 20; exec 3<&0; (sleep 1.5; stty rows 44 cols 55 <&3) & $KUBECTL exec -it streams -c main -- timeout 10 sh -c 'until [ \"\$(stty size)\" = \"44 55\" ]; do sleep 0.05; done; stty size'"
has "$(pty "$resize")" "44 55"

it "says why a command cannot be run"
refused "container nope is not valid for pod streams" k exec streams -c nope -- true
refused 'pods "nowhere" not found' k exec nowhere -- true
refused 'no such file or directory' k exec streams -c main -- /no/such/program
refused 'unable to upgrade connection: container not found ("main")' k exec streams-absent -- true

it "runs a pod and takes its exit code"
out=$(pty "$KUBECTL run streams-run -it --rm --image=localhost/tools:1 --image-pull-policy=IfNotPresent --restart=Never -- sh -c 'sleep 1; echo from inside; exit 6'; echo code \$?")
has "$out" "from inside"
has "$out" "code 6"
has "$out" 'pod "streams-run" deleted'

it "runs a pod that reads what the client types"
out=$(echo typed | timeout 30 "$KUBECTL" run streams-cat -i --rm --image=localhost/tools:1 --image-pull-policy=IfNotPresent --restart=Never --quiet -- sh -c 'read x; echo "heard $x"; sleep 0.2' 2>&1)
has "$out" "heard typed"

it "attaches to what runs"
run_ok k run streams-attach --image=localhost/tools:1 --image-pull-policy=IfNotPresent --restart=Never -i --attach=false --command -- sh -c 'read x; echo "attached and heard $x"; sleep 0.2'
eventually 20 k exec streams-attach -- true
out=$(echo hello | timeout 20 "$KUBECTL" attach -i streams-attach 2>/dev/null)
eq "$out" "attached and heard hello" "output"
run_ok k delete pod streams-attach --now

it "copies files both ways"
mkdir -p "$work/tree/deep"
cp "$work/random" "$work/tree/deep/random"
echo small >"$work/tree/small"
run_ok k cp "$work/tree" streams:/tmp/tree -c main
eq "$(k exec streams -c main -- cat /tmp/tree/small)" small "a file in the pod"
run_ok k cp streams:/tmp/tree "$work/back" -c main
run_ok cmp "$work/tree/deep/random" "$work/back/deep/random"
run_ok cmp "$work/tree/small" "$work/back/small"

# forward ARGUMENTS: begins a port-forward to a free port; $port and $forward are the port and the process.
forward() {
  : >"$work/forward"
  "$KUBECTL" port-forward "$@" >"$work/forward" 2>&1 &  # itself, not a shell around it: it is to be killed
  forward=$!
  eventually 10 grep -q 'Forwarding from 127' "$work/forward"
  port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$work/forward" | head -n 1)
}
unforward() {
  kill "$forward" 2>/dev/null
  wait "$forward" 2>/dev/null
}

it "forwards a port to a pod, for many connections"
forward pod/streams-web :80
for i in 1 2 3 4 5; do eq "$(curl -s -m 5 "http://127.0.0.1:$port/" | head -n 1)" streams-web "answer $i"; done
unforward

it "forwards a port to a Service by the name of its port"
forward service/streams :front
eq "$(curl -s -m 5 "http://127.0.0.1:$port/" | head -n 1)" streams-web "answer"
unforward

it "goes on after a port that nobody listens on"
forward pod/streams-web :81
curl -s -m 5 "http://127.0.0.1:$port/" && problem "an answer from a port that nobody listens on"
eventually 10 grep -q 'onnection refused' "$work/forward"
unforward
refused 'unable to forward port because pod is not running. Current status=Pending' k port-forward pod/streams-absent :80

it "runs commands at once"
for i in $(seq 30); do "$KUBECTL" exec streams -c main -- sh -c "sleep 0.2; echo $i" >"$work/at-once.$i" 2>&1 & done
wait
eq "$(cat "$work"/at-once.* | sort -n | tr '\n' ' ')" "$(seq 30 | tr '\n' ' ')" "what they said"

case "$PREFIX" in *1.20:*)
  it "runs a pod in the old way, with a generator"
  run_ok k run dnsutils --image=localhost/tools:1 --generator=run-pod/v1 --command -- sleep infinity
  eventually 20 k exec dnsutils -- true
  has "$(k exec dnsutils -- nslookup kubernetes.default)" "10.96.0.1"
  run_ok k delete pod dnsutils --now
  ;;
esac

run_ok k delete service streams
run_ok k delete pod streams streams-web streams-crash streams-absent --now
rm -rf "$work"
