# Walkthrough line 9, what changes objects: apply, diff, label, annotate, scale, rollout, wait, cordon, drain.
. "$(dirname "$0")/../harness/lib.sh"

work=$(mktemp -d)
file=$work/shop.yaml
shop() { # shop REPLICAS GREETING
  cat >"$file" <<YAML
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  labels: {app: shop}
spec:
  replicas: $1
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: localhost/web:1
          imagePullPolicy: IfNotPresent
          env: [{name: GREETING, value: $2}]
          ports: [{containerPort: 80}]
YAML
}
of_shop() { kq deployment shop -o "jsonpath=$1"; }
greeting() { of_shop '{.spec.template.spec.containers[0].env[0].value}'; }

it "applies a file twice; the second time changes nothing"
shop 2 hello
eq "$(k apply -f "$file" 2>&1)" "deployment.apps/shop created" "first apply"
run_ok k rollout status deployment/shop --timeout=60s
version=$(of_shop '{.metadata.resourceVersion}')
eq "$(k apply -f "$file" 2>&1)" "deployment.apps/shop unchanged" "second apply"
eq "$(of_shop '{.metadata.resourceVersion}')" "$version" "resourceVersion"

it "shows with diff what apply would change, and changes nothing by it"
shop 2 ahoy
if diff=$(k diff -f "$file" 2>&1); then problem "diff found nothing"; fi
matches "$diff" '^- +value: hello'
matches "$diff" '^\+ +value: ahoy'
eq "$(greeting)" hello "greeting"

it "rolls an applied change out and reports it"
eq "$(k apply -f "$file" 2>&1)" "deployment.apps/shop configured"
has "$(k rollout status deployment/shop --timeout=60s 2>&1)" "successfully rolled out"
eq "$(greeting)" ahoy "greeting"
run_ok k diff -f "$file"

it "rolls back, and keeps the history"
eq "$(k rollout history deployment/shop | grep -Ec '^[0-9]+ ')" 2 "revisions"
run_ok k rollout undo deployment/shop
has "$(k rollout status deployment/shop --timeout=60s 2>&1)" "successfully rolled out"
eq "$(greeting)" hello "greeting"
eq "$(of_shop '{.metadata.annotations.deployment\.kubernetes\.io/revision}')" 3 "revision"
refused "unable to find specified revision 99" k rollout undo deployment/shop --to-revision=99

it "restarts, pauses and resumes a rollout"
run_ok k rollout restart deployment/shop
run_ok k rollout status deployment/shop --timeout=60s
run_ok k rollout pause deployment/shop
refused "already paused" k rollout pause deployment/shop
run_ok k rollout resume deployment/shop

it "labels and annotates, and overwrites only when told"
run_ok k label deployment shop tier=front
refused "already has a value (front)" k label deployment shop tier=back
run_ok k label --overwrite deployment shop tier=back
eq "$(kq deployment -l tier=back -o name)" deployment.apps/shop "selected"
run_ok k label deployment shop tier-
eq "$(of_shop '{.metadata.labels.tier}')" "" "label"
run_ok k annotate deployment shop note=first
eq "$(of_shop '{.metadata.annotations.note}')" first "annotation"
run_ok k annotate deployment shop note-

it "patches in all three ways"
run_ok k patch deployment shop -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"MORE","value":"1"}]}]}}}}'
eq "$(of_shop '{.spec.template.spec.containers[0].env[*].name}')" "MORE GREETING" "names of both variables"
run_ok k patch deployment shop --type=merge -p '{"metadata":{"labels":{"merged":"yes"}}}'
run_ok k patch deployment shop --type=json -p '[{"op":"remove","path":"/metadata/labels/merged"}]'
refused "is invalid" k patch deployment shop --type=json -p '[{"op":"remove","path":"/metadata/labels/merged"}]'

it "edits through an editor"
EDITOR="sed -i s/hello/edited/" run_ok k edit deployment shop
eq "$(of_shop '{.spec.template.spec.containers[0].env[?(@.name=="GREETING")].value}')" edited "greeting"

it "scales, when the count is as expected"
run_ok k scale deployment shop --replicas=3
refused "Expected replicas to be 9, was 3" k scale deployment shop --replicas=1 --current-replicas=9
eventually 30 pods_ready app=shop 3
three_of_three() { k get deployment shop | grep -Eq '^shop +3/3 '; }
eventually 10 three_of_three

it "waits for a condition and for a deletion"
run_ok k wait --for=condition=Available deployment/shop --timeout=30s
refused "timed out waiting" k wait --for=condition=Available=False deployment/shop --timeout=1s
pod=$(kq pods -l app=shop -o 'jsonpath={.items[0].metadata.name}')
run_ok k delete pod "$pod" --wait=false
run_ok k wait --for=delete "pod/$pod" --timeout=30s

it "cordons a node, drains it, and lets it back in"
run_ok k cordon node2
matches "$(k get nodes)" '^node2 +Ready,SchedulingDisabled '
run_ok k drain node2 --pod-selector=app=shop --ignore-daemonsets --timeout=60s
none_on_node2() { [ -z "$(kq pods -l app=shop --field-selector spec.nodeName=node2 -o name)" ]; }
eventually 20 none_on_node2
eventually 30 pods_ready app=shop 3
none_on_node2 || problem "a pod was put on a cordoned node"
run_ok k uncordon node2
matches "$(k get nodes)" '^node2 +Ready +'

it "taints a node and takes the taint away"
run_ok k taint node node3 dedicated=db:NoSchedule
eq "$(kq node node3 -o 'jsonpath={.spec.taints[0].key}={.spec.taints[0].value}:{.spec.taints[0].effect}')" dedicated=db:NoSchedule taint
run_ok k taint node node3 dedicated-

it "applies from the server side, and refuses another manager's fields unless forced"
side=$work/side.yaml
service() { printf 'apiVersion: v1\nkind: Service\nmetadata: {name: side}\nspec:\n  sessionAffinity: %s\n  ports: [{port: 80}]\n' "$1" >"$side"; }
service None
run_ok k apply --server-side -f "$side"
service ClientIP
run_ok k apply --server-side -f "$side"
service None
refused 'conflict with "kubectl"' k apply --server-side --field-manager=other -f "$side"
eq "$(kq svc side -o 'jsonpath={.spec.sessionAffinity}')" ClientIP "affinity"
run_ok k apply --server-side --field-manager=other --force-conflicts -f "$side"
eq "$(kq svc side -o 'jsonpath={.spec.sessionAffinity}')" None "affinity"
eq "$(kq svc side -o 'jsonpath={.metadata.managedFields[*].manager}')" "kubectl other" "managers"
run_ok k delete svc side

it "says clearly what is not served"
refused "Metrics API not available" k top pods
refused "the server doesn't have a resource type \"nothing\"" k get nothing

it "leaves the pods of an orphaning deletion, and takes them with the next"
orphaning=--cascade=orphan
run_ok k delete deployment shop $orphaning
matches "$(kq replicasets -l app=shop -o name)" '^replicaset.apps/shop-'
eventually 10 pods_ready app=shop 3
run_ok k delete replicasets -l app=shop --cascade=foreground
eventually 30 no_pods app=shop
rm -rf "$work"
