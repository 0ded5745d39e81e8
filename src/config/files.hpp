// Small files of the state folder, read whole and replaced whole: a reader sees the old or the new content, never a
// torn one.
#pragma once
#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::config {

// Nothing when there is no such file; Kind::invalid when it is larger than `limit`.
Result<std::optional<std::string>> read_small_file(const std::string& path, std::size_t limit);
// Temporary file beside it, fsync, rename, fsync of the folder. Mode 0600.
Result<> replace_file(const std::string& path, std::string_view content);
// Writers of the files in a folder take turns by this lock; a hash alone would leave a gap between reading and
// renaming. Kind::busy after two seconds.
Result<FileDescriptor> lock_folder(const std::string& folder);

} // namespace openclaw::config
