// What a link to WhatsApp consists of (credentials, Signal sessions, words that nobody took yet), as sealed lines of
// one file whose key the vault holds. A change is on the disk before anything that follows from it leaves this machine.
#pragma once
#include "base/result.hpp"
#include "ports/channel.hpp"
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace openclaw::extensions::whatsapp {

// By the names of Baileys' own files, without ".json": "creds", "session-15550002222.0". As JSON.
using Keys = std::map<std::string, std::string>;

class KeyLog {
public:
  using Change = std::pair<std::string, std::optional<std::string>>; // without a value: forgotten
  KeyLog(std::string folder, ports::KeySource key) : folder_(std::move(folder)), key_source_(std::move(key)) {}

  // Everything that is kept; nothing is written.
  Result<Keys> read();
  // As read(); the file is written anew without what is outdated, and sealed where it was not.
  Result<Keys> load();
  Result<> append(const std::vector<Change>& changes);
  // All of it is replaced.
  Result<> replace(const Keys& all);
  // So much of it is outdated that load() is worth it.
  bool grown() const { return appended_ > kGrown; }
  // The link is gone: nothing of it is kept.
  Result<> erase();

  std::string path() const { return folder_ + "/keys.jsonl"; }

private:
  static constexpr std::size_t kGrown = 16 * 1024 * 1024;
  struct Content {
    Keys keys;
    bool outdated = false; // the file is not what replace() would write
  };
  Result<Content> read_file();
  Result<std::string> sealed_line(const std::string& name, const std::optional<std::string>& value);
  Result<Change> change_of(std::string_view line, bool plain);
  Result<> need_key();
  Result<> make_folder() const;

  std::string folder_;
  ports::KeySource key_source_;
  Secret key_; // empty: not asked for yet
  std::size_t appended_ = 0;
};

} // namespace openclaw::extensions::whatsapp
