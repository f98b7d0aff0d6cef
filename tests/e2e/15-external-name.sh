# Walkthrough line 15: an ExternalName Service is another name.
. "$(dirname "$0")/../harness/lib.sh"

run_ok k create -f - <<'Y'
{"apiVersion":"v1","kind":"Service","metadata":{"name":"elsewhere"},"spec":{"type":"ExternalName","externalName":"webui.default.svc.cluster.local"}}
Y

it "shows the name where others have an address"
matches "$(k get svc elsewhere)" '^elsewhere +ExternalName +<none> +webui\.default\.svc\.cluster\.local +<none>'
matches "$(k describe svc elsewhere)" 'External Name: +webui\.default\.svc\.cluster\.local'

it "answers CNAME and follows it"
answer() { in_pod tools dig +search +noall +answer elsewhere; }
is_alias() { answer | grep -q 'CNAME'; }
eventually 10 is_alias
matches "$(answer)" '^elsewhere\.default\.svc\.cluster\.local\..*CNAME.*webui\.default\.svc\.cluster\.local\.'
matches "$(answer)" '^webui\.default\.svc\.cluster\.local\..*A.*10\.100\.100\.100'
matches "$(in_pod tools curl -s -m 3 http://elsewhere/)" '^webui-'

it "refuses an address in place of a name, and an ExternalName without one"
refused 'spec.externalName: Invalid value: "no_such*name"' k create -f - <<'Y'
{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"type":"ExternalName","externalName":"no_such*name"}}
Y
refused 'spec.externalName: Required value' k create -f - <<'Y'
{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"type":"ExternalName"}}
Y

it "becomes a Service with an address when its type changes"
run_ok k patch svc elsewhere -p '{"spec":{"type":"ClusterIP","externalName":null,"selector":{"app":"webui"},"ports":[{"port":80}]}}'
matches "$(kq svc elsewhere -o 'jsonpath={.spec.clusterIP}')" '^10\.'
has_address() { in_pod tools dig +search +short elsewhere | grep -q '^10\.'; }
eventually 10 has_address
run_ok k delete svc elsewhere
