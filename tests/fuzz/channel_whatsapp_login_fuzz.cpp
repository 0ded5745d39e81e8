// What lies in a folder of credentials that moves in: lines of a file's name, a tab and its content. Names stay in the
// folder.
#include "base/text.hpp"
#include "extensions/channels/whatsapp/login_files.hpp"
#include <cstdlib>

using namespace openclaw;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace whatsapp = extensions::whatsapp;
  std::map<std::string, std::string> files;
  for (const auto line : split({reinterpret_cast<const char*>(data), size}, '\n'))
    if (const auto tab = line.find('\t'); tab != line.npos) files.emplace(line.substr(0, tab), line.substr(tab + 1));
  const auto keys = whatsapp::keys_from_files(files);
  if (!keys) return 0;
  if (!keys->contains("creds") || keys->size() > files.size()) std::abort();
  for (const auto& [name, value] : *keys)
    if (!whatsapp::is_login_file_name(name) || name.find('/') != name.npos || value.empty()) std::abort();
  if (whatsapp::describe(*keys).empty()) std::abort();
  return 0;
}
