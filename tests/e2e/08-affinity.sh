# Walkthrough line 8: session affinity, and what it is not.
. "$(dirname "$0")/../harness/lib.sh"

run_ok k create -f - <<'Y'
{"apiVersion":"v1","kind":"Service","metadata":{"name":"sticky"},"spec":{"sessionAffinity":"ClientIP","selector":{"app":"webui"},"ports":[{"port":80}]}}
Y

it "sends one client to one pod with ClientIP"
matches "$(k describe svc sticky)" 'Session Affinity: +ClientIP'
eq "$(kq svc sticky -o 'jsonpath={.spec.sessionAffinityConfig.clientIP.timeoutSeconds}')" 10800 "timeout"
answers_from_pod() { in_pod tools curl -s -m 2 http://sticky/; }
eventually 10 answers_from_pod
eq "$(answers 20 in_pod tools curl -s -m 2 http://sticky/ | wc -l)" 1 "pods that answered"
eq "$(answers 20 node_run node1 -- curl -s -m 2 "http://$(kq svc sticky -o 'jsonpath={.spec.clusterIP}')/" | wc -l)" 1 "pods that answered a node"

it "spreads again when it is set to None"
run_ok k patch svc sticky -p '{"spec":{"sessionAffinity":"None","sessionAffinityConfig":null}}'
eventually 10 all_pods_answer 3 in_pod tools curl -s -m 2 http://sticky/

it "keeps a keep-alive connection on one pod either way"
urls=""
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do urls="$urls http://sticky/"; done
# shellcheck disable=SC2086
eq "$(in_pod tools curl -s -m 5 $urls | grep '^webui-' | sort | uniq -c | awk '{print $1}')" 12 "answers of one pod"

it "has no cookie affinity: refuses what is not ClientIP or None"
refused 'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"' \
  k patch svc sticky -p '{"spec":{"sessionAffinity":"Cookie"}}'
run_ok k delete svc sticky
