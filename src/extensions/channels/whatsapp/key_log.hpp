// What a link to WhatsApp consists of (credentials, Signal sessions, words that nobody took yet), as lines of one file
// that its owner alone can read. A change is on the disk before anything that follows from it leaves this machine.
#pragma once
#include "base/result.hpp"
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace openclaw::extensions::whatsapp {

class KeyLog {
public:
  using Change = std::pair<std::string, std::optional<std::string>>; // without a value: forgotten
  explicit KeyLog(std::string folder) : folder_(std::move(folder)) {}

  // Everything that is kept; the file is written anew without what is outdated.
  Result<std::map<std::string, std::string>> load();
  Result<> append(const std::vector<Change>& changes);
  // So much of it is outdated that load() is worth it.
  bool grown() const { return appended_ > kGrown; }
  // The link is gone: nothing of it is kept.
  Result<> erase();

  std::string path() const { return folder_ + "/keys.jsonl"; }

private:
  static constexpr std::size_t kGrown = 16 * 1024 * 1024;
  std::string folder_;
  std::size_t appended_ = 0;
};

} // namespace openclaw::extensions::whatsapp
