// Getting images into nodes. Importing an archive costs a second for 70 MB, and every node would pay it: so the images
// directory is imported once, by a containerd that runs for that alone, into a root directory kept beside the archives;
// a new node's root begins as a copy of it whose files are hard links (content and snapshots are never written again).
// What a copy lacks, archives of the cluster's own and those that came later, is imported into each node.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/cgroup.h"
#include "net/process.h"
#include "rt/loop.h"

namespace fairlead::up {

// An image archive, and what tells whether it has changed.
struct ImageFile {
  std::string path;
  std::string stamp;  // size and modification time
  bool operator==(const ImageFile&) const = default;
};
// The *.tar files of a directory, the pause image first, since no pod starts without it; one that does not exist has
// none.
std::vector<ImageFile> find_images(const std::string& directory);

// Pure: those that `record`, the text of a node's import record, does not have as they are now.
std::vector<ImageFile> images_to_import(const std::vector<ImageFile>& images, std::string_view record);
std::string import_record_of(const std::vector<ImageFile>& images);

struct ImageTools {
  std::string containerd;
  std::string ctr;
};

// Imports what the containerd at `socket` does not have yet and adds it to the record file. Returns how many that were.
rt::Task<Result<size_t>> import_images(rt::Loop& loop, std::string socket, std::string record_file,
                                       std::vector<ImageFile> images, std::string ctr);

struct PreparedImages {
  std::string root;               // a containerd root directory; empty when nothing was prepared
  std::vector<ImageFile> images;  // what it has
};
// Finds or makes the prepared root for `images` below `cache`; others there are removed. `work` is for sockets and the
// like and is removed again. Safe against other clusters doing the same. The containerd that does it runs in the cgroup
// that `procs` are of.
rt::Task<Result<PreparedImages>> prepare_images(rt::Loop& loop, std::vector<ImageFile> images, std::string cache,
                                                std::string work, ImageTools tools, std::vector<std::string> procs);

// Makes `root`, which must not exist, a copy of the prepared one; complete when it exists.
rt::Task<Result<>> clone_root(rt::Loop& loop, std::string prepared, std::string root);

}  // namespace fairlead::up
