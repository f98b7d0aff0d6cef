# ConfigMaps, Secrets, tokens and who may what, with kubectl's own commands.
. "$(dirname "$0")/../harness/lib.sh"
dir=$(mktemp -d)
minor=$("$KUBECTL" version --client -o json | sed -n 's/.*"minor": "\([0-9]*\).*/\1/p')

it "keeps ConfigMaps"
printf 'a=1\n' >"$dir/app.conf"
run_ok k create configmap settings --from-literal colour=blue --from-file "$dir/app.conf"
eq "$(kq configmap settings -o 'jsonpath={.data.colour}')" blue
matches "$(k get cm settings)" '^settings +2 +'
has "$(k describe configmap settings)" 'a=1'
run_ok k patch configmap settings -p '{"immutable":true}'
refused 'field is immutable when `immutable` is set' k patch configmap settings -p '{"data":{"colour":"red"}}'
run_ok k delete configmap settings

it "keeps Secrets of every type that kubectl makes"
run_ok k create secret generic plain --from-literal user=me
eq "$(kq secret plain -o 'jsonpath={.data.user}' | base64 -d)" me
matches "$(k get secret plain)" '^plain +Opaque +1 +'
hasnt "$(k describe secret plain)" "$(printf me | base64)"
run_ok k create secret docker-registry pull --docker-server registry.example --docker-username u --docker-password p
eq "$(kq secret pull -o 'jsonpath={.type}')" kubernetes.io/dockerconfigjson
pki=$DATA_DIR/server/pki
run_ok k create secret tls tls-secret --cert "$pki/server.crt" --key "$pki/server.key"
matches "$(k get secret tls-secret)" '^tls-secret +kubernetes.io/tls +2 +'
run_ok k apply -f - <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: written}
stringData: {word: open}
YAML
eq "$(kq secret written -o 'jsonpath={.data.word}' | base64 -d)" open

it "says what a Secret lacks, and that its type stays"
refused 'data[tls.key]: Required value' k create -f - <<'YAML'
{"apiVersion":"v1","kind":"Secret","metadata":{"name":"half"},"type":"kubernetes.io/tls","data":{"tls.crt":"eA=="}}
YAML
refused 'field is immutable' k patch secret written -p '{"type":"example.com/other"}'
run_ok k delete secret plain pull tls-secret written

it "shows addresses and the networks that they come from"
if [ "$minor" -ge 28 ]; then
  matches "$(k get ipaddresses)" '10\.96\.0\.1 +services/default/kubernetes'
  matches "$(k get servicecidrs)" '^kubernetes +10\.96\.0\.0/12'
  refused 'the server does not allow this method' k delete servicecidr kubernetes
fi

it "keeps Ingresses and says what is wrong with one"
run_ok k apply -f - <<'YAML'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  tls: [{hosts: [shop.example], secretName: tls-secret}]
  rules:
    - host: shop.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: webui, port: {number: 80}}}}]}
YAML
matches "$(k get ingress shop)" '^shop +<none> +shop.example +80, 443 '
# Old clients would find this one themselves.
refused 'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified' k create --validate=false -f - <<'YAML'
{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"bad"},"spec":{"rules":[{"http":{"paths":[{"path":"/","pathType":null,"backend":{"service":{"name":"a","port":{"number":80}}}}]}}]}}
YAML
run_ok k delete ingress shop

it "answers who may what"
eq "$(k auth can-i delete pods)" yes
eq "$(k auth can-i list endpoints --as system:serviceaccount:default:default)" yes
eq "$(k auth can-i list secrets --as system:serviceaccount:default:default)" no
eq "$(k auth can-i '*' '*' --as jane)" no
matches "$(k auth can-i --list)" '^\*\.\* '
if [ "$minor" -ge 28 ]; then matches "$(k auth whoami)" '^Username +kubernetes-admin'; fi

it "makes tokens"
run_ok k create serviceaccount robot
if [ "$minor" -ge 28 ]; then
  token=$(k create token robot --duration 10m)
  server=$(k config view --raw -o 'jsonpath={.clusters[0].cluster.server}')
  whoami='{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
  said=$(curl -sk -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$whoami" "$server/apis/authentication.k8s.io/v1/selfsubjectreviews")
  has "$said" '"username":"system:serviceaccount:default:robot"'
  refused 'may not specify a duration less than 10 minutes' k create token robot --duration 10s
  refused 'not found' k create token nobody
  run_ok k delete serviceaccount robot
  eq "$(curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$server/api/v1/namespaces/default/pods")" 401
else
  run_ok k delete serviceaccount robot
fi

it "refuses a pod whose account does not exist"
refused 'serviceaccount "nobody" not found' k create -f - <<'YAML'
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"serviceAccountName":"nobody","containers":[{"name":"c","image":"localhost/web:1"}]}}
YAML
rm -rf "$dir"
