// One gRPC call as a Task: the callback API, with results posted to the loop. Internal to grpc_cri.cpp and
// grpc_probe.cpp.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace fairlead::agent {

inline Error to_error(const grpc::Status& status) {
  const auto code = [&] {
    switch (status.error_code()) {
      case grpc::StatusCode::NOT_FOUND:
        return Code::kNotFound;
      case grpc::StatusCode::ALREADY_EXISTS:
        return Code::kAlreadyExists;
      case grpc::StatusCode::UNAVAILABLE:
        return Code::kUnavailable;
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return Code::kTimeout;
      case grpc::StatusCode::CANCELLED:
        return Code::kCancelled;
      case grpc::StatusCode::UNIMPLEMENTED:
        return Code::kMethodNotAllowed;
      case grpc::StatusCode::INVALID_ARGUMENT:
        return Code::kInvalid;
      case grpc::StatusCode::UNAUTHENTICATED:
        return Code::kUnauthorized;
      case grpc::StatusCode::PERMISSION_DENIED:
        return Code::kForbidden;
      case grpc::StatusCode::RESOURCE_EXHAUSTED:
        return Code::kTooManyRequests;
      default:
        return Code::kInternal;
    }
  }();
  return {code, status.error_message(), {}};
}

// The calls in flight, so that a client's destructor can cancel and await them: gRPC's threads must not call into what
// is gone. A call is first detached (its context is no longer cancelled from here), then posts its result, then counts
// as finished.
class InFlight {
 public:
  uint64_t add(grpc::ClientContext* context) {
    const std::lock_guard lock(mutex_);
    contexts_.emplace(++last_, context);
    ++pending_;
    return last_;
  }
  void detach(uint64_t id) {
    const std::lock_guard lock(mutex_);
    contexts_.erase(id);
  }
  void finished() {
    const std::lock_guard lock(mutex_);
    --pending_;
    changed_.notify_all();
  }
  void cancel_and_wait() {
    std::unique_lock lock(mutex_);
    // TryCancel may end a call on this very thread, which takes the lock.
    while (!contexts_.empty()) {
      grpc::ClientContext* context = contexts_.begin()->second;
      contexts_.erase(contexts_.begin());
      lock.unlock();
      context->TryCancel();
      lock.lock();
    }
    changed_.wait(lock, [this] { return pending_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, grpc::ClientContext*> contexts_;
  uint64_t last_ = 0;
  size_t pending_ = 0;
};

// What one call owns. Lives until gRPC is done with it, also when the caller was cancelled and is gone; always ends on
// the loop.
template <class Request, class Response>
struct UnaryCall {
  explicit UnaryCall(rt::Loop& on) : loop(on), done_event(on) {}
  rt::Loop& loop;
  grpc::ClientContext context;
  Request request;
  Response response;
  grpc::Status status;
  rt::Event done_event;
  bool done = false;
  std::shared_ptr<UnaryCall> self;  // held while gRPC works on it
};

// `start` begins the call: start(context, request, response, callback).
template <class Request, class Response, class Start>
rt::Task<Result<Response>> unary(rt::Loop& loop, InFlight& in_flight, Request request, std::chrono::milliseconds limit,
                                 Start start) {
  using Call = UnaryCall<Request, Response>;
  auto call = std::make_shared<Call>(loop);
  call->request = std::move(request);
  call->context.set_deadline(std::chrono::system_clock::now() + limit);
  call->self = call;
  Call* raw = call.get();
  InFlight* flights = &in_flight;
  const uint64_t id = in_flight.add(&call->context);
  start(&raw->context, &raw->request, &raw->response, [raw, flights, id](grpc::Status status) {
    raw->status = std::move(status);
    // The reference travels to the loop, so that nothing of the call is destroyed on gRPC's thread.
    std::shared_ptr<Call> keep = std::move(raw->self);
    rt::Loop& to = raw->loop;
    flights->detach(id);
    to.post([keep = std::move(keep)] {
      keep->done = true;
      keep->done_event.notify();
    });
    flights->finished();
  });
  // An abandoned call is cancelled; one that is done does not mind.
  struct Guard {
    Call* call;
    ~Guard() {
      if (!call->done) call->context.TryCancel();
    }
  } guard{raw};
  while (!call->done) co_await call->done_event.wait();
  if (!call->status.ok()) co_return fail(to_error(call->status));
  co_return std::move(call->response);
}

}  // namespace fairlead::agent
