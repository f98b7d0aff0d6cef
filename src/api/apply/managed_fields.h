// metadata.managedFields: who set which field, kept with every write, and server-side apply, which rests on it. Pure:
// objects in, objects and entries out.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "api/object.h"
#include "base/clock.h"

namespace fairlead::api {

// Who writes, and through what.
struct Writer {
  std::string manager;      // fieldManager, or the program's name from User-Agent
  std::string subresource;  // "", "status", "scale"
  WallTime now;
};

// An ordinary write (create, update, patch): sets next's managedFields from what it changed. `live` is the object as it
// was, or a fresh one on create; both have their defaults set, and `next` has not yet got what the server adds on its
// own (addresses, status), which belongs to nobody. `next` may bring managedFields of its own, as clients send them
// back; [{}] forgets all owners.
void track_write(const Object& live, Object& next, const Writer& writer);

// An apply patch: the object that `config` makes of `live`, with its managedFields. Conflicts with other managers are
// Code::kConflict with a cause for each field, unless `force` takes the fields over. What this manager applied before
// and no longer names is removed if nobody else owns it.
Result<MutableObject> applied(const Object& live, const boost::json::value& config, const Writer& writer, bool force);

// Whether two objects' entries differ in their times at most: then nothing has been changed.
bool same_but_for_times(const ObjectMeta& a, const ObjectMeta& b);

// 1 to 128 printable characters, as a fieldManager must be; otherwise what is wrong, in Kubernetes' words.
Result<> check_manager(std::string_view manager);
// The name that writes without a fieldManager go under: the User-Agent up to its first slash.
std::string manager_from_user_agent(std::string_view user_agent);

}  // namespace fairlead::api
