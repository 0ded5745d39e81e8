// The vault: named secrets in one file of the state folder, sealed with XChaCha20-Poly1305. Its key comes from systemd
// (credential openclaw-vault-key) or else from the file vault.key, which the first secret makes.
#pragma once
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/environment.hpp"
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::config {

class Vault {
public:
  Vault(std::string state_folder, const Environment& environment);

  struct Entry {
    std::string name;
    std::int64_t changed_ms = 0;
  };
  // A damaged file, a missing or another key: Kind::denied or Kind::invalid, and nothing is ever written over it.
  Result<std::vector<Entry>> list() const;
  Result<std::optional<Secret>> find(std::string_view name) const;
  Result<> set(std::string_view name, Secret value, std::int64_t now_ms) const;
  // 32 random bytes of this name, made at the first call: what they seal elsewhere only this vault opens.
  Result<Secret> random_key(std::string_view name, std::int64_t now_ms) const;
  Result<bool> remove(std::string_view name) const; // false when it was not there

  enum class KeyPlace { none, credential, file };
  // Where the key is that opens (or would seal) the vault, and what it protects from; for `doctor`.
  struct Description {
    KeyPlace place = KeyPlace::none;
    std::size_t secrets = 0;
    std::string text;
  };
  Result<Description> describe() const;
  std::string path() const { return folder_ + "/vault"; }

private:
  struct Key {
    KeyPlace place = KeyPlace::none;
    Secret bytes;
    std::string id() const;
  };
  struct Record {
    Secret value;
    std::int64_t changed_ms = 0;
  };
  struct Content {
    bool exists = false;
    Key key;
    std::map<std::string, Record, std::less<>> records;
  };
  Result<Content> load() const;
  Result<> save(Content content) const;
  Result<Key> read_key(const std::string& path, KeyPlace place) const;
  Result<std::vector<Key>> keys() const; // the preferred one first
  Result<Key> make_key() const;
  std::string key_file() const { return folder_ + "/vault.key"; }

  std::string folder_;
  std::string credentials_; // $CREDENTIALS_DIRECTORY
};

} // namespace openclaw::config
