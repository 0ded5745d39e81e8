#include "config/vault.hpp"

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "config/seal.hpp"
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <sodium/crypto_generichash.h>
#include <sys/stat.h>

namespace openclaw::config {
namespace {

constexpr std::string_view kFormat = "openclaw-vault 1";
constexpr std::size_t kFileLimit = 8 * 1024 * 1024;
constexpr std::size_t kLongestValue = 64 * 1024;
constexpr std::size_t kMostSecrets = 1000;
constexpr std::string_view kCredential = "openclaw-vault-key";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// 64 lowercase hexadecimal digits; nothing when it is something else.
std::optional<Secret> key_from_hex(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (text.size() != 2 * kSealKeyBytes) return std::nullopt;
  std::string raw;
  raw.reserve(kSealKeyBytes);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    raw += static_cast<char>(high * 16 + low);
  }
  return Secret(std::move(raw));
}

std::string_view place_name(Vault::KeyPlace place) {
  return place == Vault::KeyPlace::credential ? "credential" : "file";
}

std::unexpected<Error> full() {
  return fail(Kind::busy, fmt::format("The vault holds {} secrets, which is its limit.", kMostSecrets),
              "Remove some: openclaw secrets remove NAME");
}

// The first line says which key opens the rest, so that a wrong key and a damaged file are told apart.
struct Header {
  std::string line;
  std::string key_id;
  std::string place;
};

Result<Header> read_header(std::string_view file, const std::string& path) {
  const auto end = file.substr(0, 256).find('\n');
  Header header;
  if (end != std::string_view::npos) {
    header.line = std::string(file.substr(0, end + 1));
    const auto words = split(file.substr(0, end), ' ');
    if (words.size() == 4 && header.line.starts_with(kFormat) && words[2].size() == 16) {
      header.key_id = std::string(words[2]);
      header.place = std::string(words[3]);
      return header;
    }
  }
  return fail(Kind::invalid, fmt::format("{} is damaged or no vault of this program; it was left as it is.", path),
              "Restore it from a backup, or move it away and store the secrets again: openclaw secrets set NAME");
}

} // namespace

Vault::Vault(std::string state_folder, const Environment& environment)
    : folder_(std::move(state_folder)), credentials_(environment.find("CREDENTIALS_DIRECTORY").value_or("")) {}

std::string Vault::Key::id() const {
  std::array<std::uint8_t, 16> digest{};
  constexpr std::string_view kPurpose = "openclaw vault key id";
  crypto_generichash(digest.data(), digest.size(), bytes_of(kPurpose), kPurpose.size(), bytes_of(bytes.reveal()),
                     bytes.reveal().size());
  return to_hex(std::span(digest).first(8));
}

Result<Vault::Key> Vault::read_key(const std::string& path, KeyPlace place) const {
  TRY(const auto content, read_small_file(path, 4096));
  if (!content) return Key{};
  struct stat about{};
  if (place == KeyPlace::file &&
      (::stat(path.c_str(), &about) != 0 || about.st_uid != ::geteuid() || (about.st_mode & 077) != 0))
    return fail(Kind::denied,
                fmt::format("The vault's key {} is readable by others or not yours, so it is not used.", path),
                fmt::format("chmod 600 {}", path));
  auto key = key_from_hex(trim(*content));
  if (!key)
    return fail(Kind::invalid, fmt::format("{} holds no key: 64 lowercase hexadecimal digits are expected.", path),
                place == KeyPlace::file ? "Restore it from a backup." : "Make one with: openssl rand -hex 32");
  return Key{place, std::move(*key)};
}

Result<std::vector<Vault::Key>> Vault::keys() const {
  std::vector<Key> found;
  if (!credentials_.empty()) {
    TRY(auto key, read_key(fmt::format("{}/{}", credentials_, kCredential), KeyPlace::credential));
    if (!key.bytes.empty()) found.push_back(std::move(key));
  }
  TRY(auto key, read_key(key_file(), KeyPlace::file));
  if (!key.bytes.empty()) found.push_back(std::move(key));
  return found;
}

Result<Vault::Key> Vault::make_key() const {
  SystemRandom random;
  const Secret hex(random_hex(random, kSealKeyBytes));
  TRY_VOID(replace_file(key_file(), hex.reveal() + "\n"));
  return read_key(key_file(), KeyPlace::file);
}

Result<Vault::Content> Vault::load() const {
  Content content;
  if (folder_.empty()) return fail(Kind::missing, "There is no state folder, and so no vault.");
  TRY(const auto file, read_small_file(path(), kFileLimit));
  TRY(auto available, keys());
  if (!file) {
    if (!available.empty()) content.key = std::move(available.front());
    return content;
  }
  content.exists = true;
  TRY(const auto header, read_header(*file, path()));
  for (auto& key : available)
    if (key.id() == header.key_id) content.key = std::move(key);
  if (content.key.bytes.empty())
    return fail(Kind::denied,
                fmt::format("The vault {} was sealed with a key that is not here ({}); it was left as it is.", path(),
                            header.place == "credential"
                                ? fmt::format("it came from systemd as the credential {}", kCredential)
                                : fmt::format("it was in {}", key_file())),
                header.place == "credential"
                    ? fmt::format("Run the command where systemd gives that credential, for instance: systemd-run "
                                  "--pty -p LoadCredential={}:/etc/openclaw/vault.key openclaw secrets list",
                                  kCredential)
                    : "Restore the key file from a backup; without it the secrets are lost and must be stored again.");
  const auto sealed = std::string_view(*file).substr(header.line.size());
  const auto damaged = [&] {
    return fail(Kind::invalid,
                fmt::format("The vault {} is damaged: its seal does not fit. It was left as it is.", path()),
                "Restore it from a backup, or move it away and store the secrets again: openclaw secrets set NAME");
  };
  const auto plain = open_seal(content.key.bytes, sealed, header.line);
  if (!plain) return damaged();
  const auto parsed = parse_json(plain->reveal(), "the vault");
  if (!parsed || !parsed->is_object()) return damaged();
  for (const auto& member : parsed->get_object())
    content.records.emplace(std::string(member.key()), Record{Secret(string_or(member.value(), "value")),
                                                              integer_or(member.value(), "changedMs", 0)});
  return content;
}

Result<> Vault::save(Content content) const {
  if (content.key.bytes.empty()) {
    TRY(content.key, make_key());
  }
  json::object object;
  for (const auto& [name, record] : content.records)
    object[name] = json::object{{"value", record.value.reveal()}, {"changedMs", record.changed_ms}};
  const Secret plain(to_text(object));
  const auto header = fmt::format("{} {} {}\n", kFormat, content.key.id(), place_name(content.key.place));
  return replace_file(path(), header + seal(content.key.bytes, plain.reveal(), header));
}

Result<std::vector<Vault::Entry>> Vault::list() const {
  TRY(const auto content, load());
  std::vector<Entry> entries;
  for (const auto& [name, record] : content.records)
    entries.push_back({name, record.changed_ms});
  return entries;
}

Result<std::optional<Secret>> Vault::find(std::string_view name) const {
  TRY(const auto content, load());
  const auto found = content.records.find(name);
  if (found == content.records.end()) return std::optional<Secret>{};
  return std::optional<Secret>(found->second.value);
}

Result<> Vault::set(std::string_view name, Secret value, std::int64_t now_ms) const {
  TRY_VOID(check_id(name, "name of a secret"));
  if (value.empty()) return fail(Kind::invalid, "The secret is empty, so nothing was stored.");
  if (value.reveal().size() > kLongestValue)
    return fail(Kind::invalid, fmt::format("The secret is longer than {} KB.", kLongestValue / 1024));
  if (!valid_utf8(value.reveal()) || value.reveal().find('\0') != std::string::npos)
    return fail(Kind::invalid, "The secret is no text (UTF-8 without zero bytes).", "Store it as base64.");
  TRY(const auto lock, lock_folder(folder_));
  TRY(auto content, load());
  if (content.records.size() >= kMostSecrets && !content.records.contains(name)) return full();
  content.records[std::string(name)] = Record{std::move(value), now_ms};
  return save(std::move(content));
}

Result<Secret> Vault::random_key(std::string_view name, std::int64_t now_ms) const {
  TRY_VOID(check_id(name, "name of a secret"));
  TRY(const auto lock, lock_folder(folder_));
  TRY(auto content, load());
  auto found = content.records.find(name);
  if (found == content.records.end()) {
    if (content.records.size() >= kMostSecrets) return full();
    SystemRandom random;
    Record record{Secret(random_hex(random, kSealKeyBytes)), now_ms};
    found = content.records.emplace(std::string(name), std::move(record)).first;
    TRY_VOID(save(content));
  }
  auto key = key_from_hex(found->second.value.reveal());
  if (!key)
    return fail(Kind::invalid, fmt::format("The secret {} of the vault is no key.", name),
                "Restore the vault from a backup.");
  return std::move(*key);
}

Result<bool> Vault::remove(std::string_view name) const {
  TRY(const auto lock, lock_folder(folder_));
  TRY(auto content, load());
  const auto found = content.records.find(name);
  if (found == content.records.end()) return false;
  content.records.erase(found);
  TRY_VOID(save(std::move(content)));
  return true;
}

Result<Vault::Description> Vault::describe() const {
  TRY(const auto content, load());
  Description description{content.key.place, content.records.size(), ""};
  const auto secrets = fmt::format("{} secret{}", content.records.size(), content.records.size() == 1 ? "" : "s");
  switch (content.key.place) {
  case KeyPlace::none:
    description.text = "There is no vault yet; the first `openclaw secrets set` or `migrate` makes it.";
    break;
  case KeyPlace::credential:
    description.text = fmt::format("The vault holds {}; its key comes from systemd and is not in the state folder: "
                                   "copies, backups and a stolen disk give nothing away.",
                                   secrets);
    break;
  case KeyPlace::file:
    description.text =
        fmt::format("The vault holds {}; its key is the file {}: copies of openclaw.json and of the vault give nothing "
                    "away, but whoever can read the whole state folder can open it.",
                    secrets, key_file());
    break;
  }
  return description;
}

} // namespace openclaw::config
