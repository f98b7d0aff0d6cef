# Walkthrough line 2: a Service at a chosen address, answered by each pod in turn.
. "$(dirname "$0")/../harness/lib.sh"

it "creates the Service of examples/svc-web.yaml at the address it asks for"
run_ok k create -f "$ROOT/examples/svc-web.yaml"
wide=$(k get svc webui -o wide)
matches "$wide" '^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR'
matches "$wide" '^webui +ClusterIP +10\.100\.100\.100 +<none> +80/TCP +[0-9]+m?s +app=webui'
eventually 10 endpoint_count_is webui 3

it "describes it with its addresses, target port and endpoints"
described=$(k describe svc webui)
matches "$described" 'IP Family Policy: +SingleStack'
matches "$described" 'IPs: +10\.100\.100\.100'
matches "$described" 'TargetPort: +80/TCP'
matches "$described" 'Endpoints: +10\.244\.[0-9.]+:80,10\.244\.[0-9.]+:80,10\.244\.[0-9.]+:80'
matches "$described" 'Session Affinity: +None'
matches "$described" 'Events: +<none>'

it "is answered by each of the three pods, from a node"
eventually 10 all_pods_answer 3 node_run node1 -- curl -s -m 2 http://10.100.100.100/

it "is answered by each of the three pods, from a pod"
run_ok k create -f "$ROOT/examples/pod-tools.yaml"
eventually 20 pods_ready app=tools 1
eventually 10 all_pods_answer 3 in_pod tools curl -s -m 2 http://10.100.100.100/
