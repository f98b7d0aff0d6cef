# Walkthrough line 23, as far as it is about Services and pods: each mistake gets a message that says what is wrong.
. "$(dirname "$0")/../harness/lib.sh"

create_text() { k create "${@:2}" -f - <<<"$1"; }

it "refuses 'selector: app:webui' and names the field"
refused 'spec.selector' create_text 'apiVersion: v1
kind: Service
metadata: {name: bad}
spec:
  selector: app:webui
  ports: [{port: 80}]'

it "refuses an unknown field and names it"
# Old clients compare with the OpenAPI document themselves and name the field without its path.
refused "unknown field \"$([ "$("$KUBECTL" version --client -o json | sed -n 's/.*"minor": "\([0-9]*\).*/\1/p')" -lt 27 ] && echo prots || echo spec.prots)\"" create_text 'apiVersion: v1
kind: Service
metadata: {name: bad}
spec:
  prots: [{port: 80}]
  ports: [{port: 80}]'

it "refuses a ClusterIP out of range, and one that is taken"
refused 'is not in the valid range' create_text '{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"clusterIP":"192.0.2.1","ports":[{"port":80}]}}'
refused 'provided IP is already allocated' create_text '{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"clusterIP":"10.100.100.100","ports":[{"port":80}]}}'

it "refuses a port out of range"
refused 'must be between 1 and 65535' create_text '{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"ports":[{"port":70000}]}}'

it "says why an image cannot be had"
create_text '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"noimage"},"spec":{"containers":[{"name":"c","image":"localhost/absent:9"}]}}' >/dev/null
waiting() { kq pod noimage -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}' | grep -Eq 'ErrImagePull|ImagePullBackOff'; }
eventually 20 waiting
matches "$(k get pod noimage)" 'ErrImagePull|ImagePullBackOff'
has "$(k describe pod noimage)" 'localhost/absent:9'
run_ok k delete pod noimage --grace-period=0 --force

it "says that a kind does not exist"
refused 'no matches for kind "Servicee" in version "v1"' create_text 'apiVersion: v1
kind: Servicee
metadata: {name: bad}'

it "says that a kind is not served"
refused "the server doesn't have a resource type" k get cronjobs
