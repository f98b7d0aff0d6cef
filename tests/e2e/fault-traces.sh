# Two clusters side by side, and `down` that leaves nothing behind, also after kill -9 of what runs.
. "$(dirname "$0")/../harness/lib.sh"
A=${E2E:-e2e}tracea
B=${E2E:-e2e}traceb
trap 'finish_current; "$FAIRLEAD" down --name $A >/dev/null 2>&1; "$FAIRLEAD" down --name $B >/dev/null 2>&1' EXIT

traces() {  # everything on this machine that a cluster could leave behind
  ip -o link | awk -F': ' '{print "link", $2}' | sed 's/@.*//'
  ip -o -4 addr | awk '{print "address", $4}'
  ip route show table all | sed 's/^/route /'
  find /run/netns -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/namespace /'
  awk '{print "mount", $5}' /proc/self/mountinfo
  find /sys/fs/cgroup -type d -name 'fairlead*' | sed 's/^/cgroup /'
  nft list tables 2>/dev/null | sed 's/^/nft /'
  pgrep -af "($A|$B)" | grep -E 'containerd|fairlead|exe (server|agent|up)' | grep -v fault-traces | sed 's/^[0-9]* /process /'
  find /var/lib/fairlead /run/fairlead -mindepth 1 -maxdepth 1 2>/dev/null | grep -E "$A|$B" | sed 's/^/data /'
}
pid_of() { "$FAIRLEAD" status --name "$1" | awk -v c="$2" -v n="$3" '$1 == c && $2 == n {print $3}'; }
answers_in() { KUBECONFIG=$("$FAIRLEAD" kubeconfig --name "$1") k get --raw /readyz; }

it "brings two clusters up side by side, each with its own nodes and pods"
before=$(traces | sort)
run_ok "$FAIRLEAD" up --name $A --nodes 2 --no-egress --detach
run_ok "$FAIRLEAD" up --name $B --nodes 1 --no-egress --detach
for name in $A $B; do
  KUBECONFIG=$("$FAIRLEAD" kubeconfig --name $name)
  export KUBECONFIG
  run_ok k create -f "$ROOT/examples/deploy-web.yaml" -f "$ROOT/examples/svc-web.yaml"
done
for name in $A $B; do
  KUBECONFIG=$("$FAIRLEAD" kubeconfig --name $name)
  eventually 30 pods_ready app=webui 3
  eventually 10 "$FAIRLEAD" node exec --name $name node1 -- curl -s -m 2 http://10.100.100.100/
done
eq "$(KUBECONFIG=$("$FAIRLEAD" kubeconfig --name $A) k get nodes --no-headers | wc -l)" 2 "nodes of the first"
eq "$(KUBECONFIG=$("$FAIRLEAD" kubeconfig --name $B) k get nodes --no-headers | wc -l)" 1 "nodes of the second"

it "refuses to bring up a cluster that is up already"
refused 'already' "$FAIRLEAD" up --name $A --nodes 2 --no-egress --detach

it "takes one down and leaves the other alone"
run_ok "$FAIRLEAD" down --name $A
run_ok answers_in $B
run_ok "$FAIRLEAD" node exec --name $B node1 -- curl -s -m 2 http://10.100.100.100/

it "leaves nothing behind"
run_ok "$FAIRLEAD" down --name $B
after=$(traces | sort)
eq "$(diff <(echo "$before") <(echo "$after"))" "" "traces"

it "leaves nothing behind after kill -9 of everything that it started"
run_ok "$FAIRLEAD" up --name $A --nodes 2 --no-egress --detach
KUBECONFIG=$("$FAIRLEAD" kubeconfig --name $A)
run_ok k create -f "$ROOT/examples/deploy-web.yaml"
eventually 30 pods_ready app=webui 3
for pid in $(pid_of $A supervisor -) $(pid_of $A server -) $(pid_of $A agent node1) $(pid_of $A containerd node1) $(pid_of $A agent node2) $(pid_of $A containerd node2); do
  kill -9 "$pid"
done
run_ok "$FAIRLEAD" down --name $A
eq "$(diff <(echo "$before") <(traces | sort))" "" "traces"

it "leaves nothing behind when it is killed while it comes up"
for after in 0.05 0.3 0.8; do
  timeout -s KILL $after "$FAIRLEAD" up --name $A --nodes 2 --no-egress >/dev/null 2>&1
  run_ok "$FAIRLEAD" down --name $A
done
eq "$(diff <(echo "$before") <(traces | sort))" "" "traces"

it "says that there is no such cluster"
refused "e2eabsent" "$FAIRLEAD" kubeconfig --name e2eabsent
