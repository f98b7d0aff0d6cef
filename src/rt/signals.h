// Signals that ask the process to end.
#pragma once

#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::rt {

// Returns the number of the first SIGINT or SIGTERM that arrives.
Task<int> termination_signal();

// Runs `component` until it ends or a termination signal arrives; then it is cancelled and awaited. Its own error, if
// it ended by itself with one.
Task<Result<>> until_terminated(Loop& loop, Task<Result<>> component);

}  // namespace fairlead::rt
