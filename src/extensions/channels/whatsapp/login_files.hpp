// A link to WhatsApp as OpenClaw keeps it: a folder as Baileys' useMultiFileAuthState() writes it, with one JSON file
// for each key. `openclaw migrate` takes one over, `openclaw export` writes one.
#pragma once
#include "extensions/channels/whatsapp/key_log.hpp"
#include <string_view>

namespace openclaw::extensions::whatsapp {

// As Baileys names the file of a key, without ".json".
std::string login_file_name(std::string_view type, std::string_view id);
// A name of a key that is Baileys' own, and can be a file's name.
bool is_login_file_name(std::string_view name);

// The files by their names in the folder; what is not Baileys' own is left out. Kind::missing: they are no link of a
// device.
Result<Keys> keys_from_files(const std::map<std::string, std::string>& files);
// "+15550001111, 57 keys"
std::string describe(const Keys& keys);

ports::LoginFolder login_folder();

} // namespace openclaw::extensions::whatsapp
