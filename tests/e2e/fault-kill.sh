# kill -9 of anything: the cluster is as the API says afterwards, every acknowledged write is there, pods run on, traffic goes on.
. "$(dirname "$0")/../harness/lib.sh"
NAME=${E2E:-e2e}kill
DATA_DIR=/var/lib/fairlead/$NAME
trap 'finish_current; [ -z "${client:-}" ] || kill "$client" 2>/dev/null; "$FAIRLEAD" down --name "$NAME" >/dev/null 2>&1; rm -f "${log:-}"' EXIT

pid_of() { "$FAIRLEAD" status --name "$NAME" | awk -v c="$1" -v n="$2" '$1 == c && $2 == n {print $3}'; }
alive_again() { local pid; pid=$(pid_of "$1" "$2"); [ -n "$pid" ] && [ "$pid" != "$3" ] && kill -0 "$pid"; }
restarts() { kq pods -l app=webui -o 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].containerID}{"\n"}{end}' | sort; }

it "comes up and serves"
run_ok "$FAIRLEAD" up --name "$NAME" --nodes 3 --no-egress --detach
KUBECONFIG=$("$FAIRLEAD" kubeconfig --name "$NAME")
export KUBECONFIG
run_ok k create -f "$ROOT/examples/deploy-web.yaml" -f "$ROOT/examples/svc-web.yaml"
eventually 30 pods_ready app=webui 3
eventually 10 all_pods_answer 3 node_run node1 -- curl -s -m 2 http://10.100.100.100/
before=$(restarts)

# A client that does not retry asks all the time; its failures are counted.
log=$(mktemp)
(while :; do node_run node1 -- curl -s -o /dev/null -m 2 -w '%{http_code}\n' http://10.100.100.100/ >>"$log" 2>/dev/null || true; done) &
client=$!

for victim in "server -" "agent node1" "containerd node2" "agent node3" "supervisor -"; do
  read -r component node <<<"$victim"
  it "kill -9 of ${component} ${node}: nothing acknowledged is lost, pods run on"
  pid=$(pid_of "$component" "$node")
  [ -n "$pid" ] || { problem "no pid for $victim"; continue; }
  mark=kept-$component${node#-}
  for i in 1 2 3 4 5; do
    k create -f - >/dev/null <<<'{"apiVersion":"v1","kind":"Service","metadata":{"name":"'"$mark-$i"'"},"spec":{"ports":[{"port":80}]}}' || problem "create $i"
  done
  kill -9 "$pid"
  if [ "$component" = supervisor ]; then
    run_ok "$FAIRLEAD" up --name "$NAME" --nodes 3 --no-egress --detach
  fi
  eventually 15 alive_again "$component" "$node" "$pid"
  eventually 15 k get --raw /readyz
  for i in 1 2 3 4 5; do run_ok k get svc "$mark-$i"; done
  eventually 30 pods_ready app=webui 3
  eq "$(restarts)" "$before" "containers"
done

it "still follows changes afterwards"
run_ok k scale deployment webui --replicas=5
eventually 30 pods_ready app=webui 5
eventually 10 endpoint_count_is webui 5
run_ok k scale deployment webui --replicas=3
eventually 30 pods_ready app=webui 3

it "lost no request through all of it"
kill "$client"
wait "$client" 2>/dev/null
client=""
total=$(grep -c . "$log")
[ "$total" -gt 50 ] || problem "only $total requests were made"
eq "$(grep -vc '^200$' "$log")" 0 "failed requests of $total"
