#include "rt/loop.h"

#include <boost/asio/post.hpp>

namespace fairlead::rt {

void Loop::run() {
  context_.restart();
  auto guard = asio::make_work_guard(context_);
  context_.run();
}

void Loop::post(std::function<void()> fn) { asio::post(context_, std::move(fn)); }

}  // namespace fairlead::rt
