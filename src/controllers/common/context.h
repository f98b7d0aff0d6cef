// What every controller is given.
#pragma once

#include "base/clock.h"
#include "client/api.h"
#include "client/events.h"
#include "client/informer.h"
#include "rt/loop.h"

namespace fairlead::controllers {

using client::ObjectPtr;
using rt::Task;

struct Context {
  rt::Loop& loop;
  client::Api& api;
  const Clock& clock;
  client::SharedInformers& informers;
  client::EventRecorder& events;
};

}  // namespace fairlead::controllers
