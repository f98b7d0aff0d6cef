// Rules for probes and lifecycle handlers.
#include "api/podspec/podspec.h"

namespace fairlead::api {
namespace {

void check_http_get(Problems& out, const FieldPath& path, const HTTPGetAction& http) {
  if (http.path.empty()) out.required(path / "path");
  check_port_or_name(out, path / "port", http.port);
  if (http.scheme != "HTTP" && http.scheme != "HTTPS")
    out.not_supported(path / "scheme", http.scheme, {"HTTP", "HTTPS"});
  for (const auto& h : http.http_headers) out.invalid(path / "httpHeaders", h.name, http_header_name(h.name));
}

// Exactly one way to do it; the first wins, as Kubernetes has it.
class OneHandler {
 public:
  OneHandler(Problems& out, const FieldPath& path) : out_(out), path_(path) {}
  // True when this handler is the one to check.
  bool take(bool present, std::string_view name) {
    if (!present) return false;
    if (++count_ == 1) return true;
    out_.forbidden(path_ / name, "may not specify more than 1 handler type");
    return false;
  }
  void finish() {
    if (count_ == 0) out_.required(path_, "must specify a handler type");
  }

 private:
  Problems& out_;
  const FieldPath& path_;
  int count_ = 0;
};

template <class H>
void check_shared_handlers(Problems& out, const FieldPath& path, const H& h, OneHandler& one) {
  if (one.take(h.exec.has_value(), "exec") && h.exec->command.empty()) out.required(path / "exec" / "command");
  if (one.take(h.http_get.has_value(), "httpGet")) check_http_get(out, path / "httpGet", *h.http_get);
  if (one.take(h.tcp_socket.has_value(), "tcpSocket"))
    check_port_or_name(out, path / "tcpSocket" / "port", h.tcp_socket->port);
}

void check_probe(Problems& out, const FieldPath& path, const Probe& p) {
  OneHandler one(out, path);
  check_shared_handlers(out, path, p.handler, one);
  if (one.take(p.handler.grpc.has_value(), "grpc")) {
    const auto port = p.handler.grpc->port;
    out.invalid(path / "grpc" / "port", port, port_number(port));
  }
  one.finish();
  out.non_negative(path / "initialDelaySeconds", p.initial_delay_seconds);
  out.non_negative(path / "timeoutSeconds", p.timeout_seconds);
  out.non_negative(path / "periodSeconds", p.period_seconds);
  out.non_negative(path / "successThreshold", p.success_threshold);
  out.non_negative(path / "failureThreshold", p.failure_threshold);
  if (p.termination_grace_period_seconds && *p.termination_grace_period_seconds <= 0)
    out.invalid(path / "terminationGracePeriodSeconds", *p.termination_grace_period_seconds, "must be greater than 0");
}

void check_lifecycle_handler(Problems& out, const FieldPath& path, const LifecycleHandler& h,
                             std::optional<int64_t> grace) {
  OneHandler one(out, path);
  check_shared_handlers(out, path, h, one);
  if (one.take(h.sleep.has_value(), "sleep") && grace && (h.sleep->seconds < 0 || h.sleep->seconds > *grace)) {
    out.invalid(path / "sleep", h.sleep->seconds,
                fmt::format("must be non-negative and less than terminationGracePeriodSeconds ({})", *grace));
  }
  one.finish();
}

void once_succeeded(Problems& out, const FieldPath& path, const Box<Probe>& probe) {
  if (!probe) return;
  check_probe(out, path, *probe);
  if (probe->success_threshold != 1) out.invalid(path / "successThreshold", probe->success_threshold, "must be 1");
}

}  // namespace

void check_probes(Problems& out, const FieldPath& path, const Container& c, std::optional<int64_t> grace) {
  if (c.lifecycle) {
    if (c.lifecycle->post_start)
      check_lifecycle_handler(out, path / "lifecycle" / "postStart", *c.lifecycle->post_start, grace);
    if (c.lifecycle->pre_stop)
      check_lifecycle_handler(out, path / "lifecycle" / "preStop", *c.lifecycle->pre_stop, grace);
  }
  once_succeeded(out, path / "livenessProbe", c.liveness_probe);
  if (c.readiness_probe) {
    const auto at = path / "readinessProbe";
    check_probe(out, at, *c.readiness_probe);
    if (c.readiness_probe->termination_grace_period_seconds)
      out.invalid(at / "terminationGracePeriodSeconds", *c.readiness_probe->termination_grace_period_seconds,
                  "must not be set for readinessProbes");
  }
  once_succeeded(out, path / "startupProbe", c.startup_probe);
}

}  // namespace fairlead::api
