# What a client can do wrong to the API server: each gets a clear answer, and nothing else stops.
. "$(dirname "$0")/../harness/lib.sh"
work=$(mktemp -d)
"$FAIRLEAD" server --data-dir "$work/data" --bind 127.0.0.1:17443 --advertise-address 127.0.0.1 >"$work/log" 2>&1 &
server=$!
trap 'finish_current; kill $server $watcher 2>/dev/null; rm -rf "$work"' EXIT
watcher=""
KUBECONFIG=$work/data/pki/admin.kubeconfig
export KUBECONFIG
up() { curl -sk -m 1 https://127.0.0.1:17443/readyz; }

it "is ready"
eventually 10 up
token() { awk -v k="$1:" '$1 == k {print $2}' "$KUBECONFIG" | base64 -d >"$work/$1"; }
token client-certificate-data; token client-key-data; token certificate-authority-data
api() {  # api METHOD PATH [CURL-ARGUMENT...]
  curl -s -m 5 --cacert "$work/certificate-authority-data" --cert "$work/client-certificate-data" --key "$work/client-key-data" -X "$1" "https://127.0.0.1:17443$2" "${@:3}"
}

it "answers malformed HTTP with 400 and goes on"
has "$( (printf 'NONSENSE\r\n\r\n'; read -rt 1 <> <(:)) | timeout 5 openssl s_client -quiet -connect 127.0.0.1:17443 2>/dev/null)" "400"
run_ok up

it "answers malformed JSON with a Status that says where"
said=$(api POST /api/v1/namespaces/default/services -H 'Content-Type: application/json' -d '{"kind":"Service",')
has "$said" '"kind":"Status"'
has "$said" '"reason":"BadRequest"'
has "$said" 'line 1'

it "answers malformed YAML with a Status"
said=$(api POST /api/v1/namespaces/default/services -H 'Content-Type: application/yaml' --data-binary $'a: [1\nb: }')
has "$said" '"kind":"Status"'
has "$said" '"code":400'

it "takes YAML that is well formed"
said=$(api POST /api/v1/namespaces/default/services -H 'Content-Type: application/yaml' --data-binary $'kind: Service\napiVersion: v1\nmetadata: {name: from-yaml}\nspec:\n  ports: [{port: 80}]\n')
has "$said" '"name":"from-yaml"'

it "refuses a body over the limit with 413"
head -c 4000000 /dev/zero | tr '\0' ' ' >"$work/big"
has "$(api POST /api/v1/namespaces/default/services -H 'Content-Type: application/json' --data-binary @"$work/big" -o /dev/null -w '%{http_code}')" 413

it "refuses an unknown content type with 415"
has "$(api POST /api/v1/namespaces/default/services -H 'Content-Type: text/csv' -d 'a,b')" '"code":415'

it "refuses strangers with 401 or 403, and lets them see health"
matches "$(curl -sk -m 5 https://127.0.0.1:17443/api/v1/namespaces)" '"code":40[13]'
matches "$(curl -sk -m 5 -H 'Authorization: Bearer nonsense' https://127.0.0.1:17443/api/v1/namespaces)" '"code":401'
run_ok up

it "stands a thousand half-open connections"
for ((i = 0; i < 1000; i++)); do exec {fd}<>/dev/tcp/127.0.0.1/17443 && fds="${fds:-} $fd"; done 2>/dev/null
eq "$(wc -w <<<"$fds")" 1000 "connections opened"
run_ok up
run_ok k get namespaces
for fd in $fds; do exec {fd}>&-; done

it "stands a watcher that never reads, while others read and write"
api GET '/api/v1/services?watch=true' --limit-rate 1 -m 60 -o /dev/null &
watcher=$!
for ((i = 0; i < 300; i++)); do
  printf '{"kind":"Service","apiVersion":"v1","metadata":{"name":"load-%d","annotations":{"pad":"%s"}},"spec":{"ports":[{"port":80}]}}\n' "$i" "$(head -c 20000 /dev/zero | tr '\0' x)"
done >"$work/services"
while read -r line; do api POST /api/v1/namespaces/default/services -H 'Content-Type: application/json' -d "$line" -o /dev/null -w '%{http_code}\n'; done <"$work/services" | sort | uniq -c >"$work/codes"
has "$(cat "$work/codes")" "300 201"
kill $watcher
eq "$(k get services --no-headers | grep -c '^load-')" 300 "services listed"

it "has everything after kill -9"
kill -9 $server
wait $server 2>/dev/null
"$FAIRLEAD" server --data-dir "$work/data" --bind 127.0.0.1:17443 --advertise-address 127.0.0.1 >>"$work/log" 2>&1 &
server=$!
eventually 10 up
eq "$(k get services --no-headers | grep -c '^load-')" 300 "services after the restart"

it "says that the port is taken"
refused 'Address already in use' timeout 10 "$FAIRLEAD" server --data-dir "$work/other" --bind 127.0.0.1:17443 --advertise-address 127.0.0.1
